#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <sstream>

#include "config/yaml_events_internal.h"

namespace weir::config {
namespace {

// Ends yaml-cpp's recursion from within; caught in ReadYamlEvents.
struct EndOfReading {
  YamlFailure failure;
};

class Collector final : public YAML::EventHandler {
 public:
  explicit Collector(size_t depth_max) : depth_max_(depth_max) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1)
      throw EndOfReading{{YamlFailure::Kind::kSecondDocument, {}, Position(mark)}};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Add({.kind = YamlEvent::Kind::kNull,
         .anchor = anchor != 0,
         .position = Position(mark),
         .text = {}});
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Add({.kind = YamlEvent::Kind::kAlias, .position = Position(mark), .text = {}});
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Add({.kind = YamlEvent::Kind::kScalar,
         .anchor = anchor != 0,
         .tag = IsTag(tag),
         .position = Position(mark),
         .text = value});
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    Open(YamlEvent::Kind::kSequence, mark, tag, anchor, style);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    Open(YamlEvent::Kind::kMap, mark, tag, anchor, style);
  }
  void OnMapEnd() override { Close(); }

  std::vector<YamlEvent> Take() { return std::move(events_); }

 private:
  static size_t Position(const YAML::Mark& mark) {
    return mark.pos < 0 ? 0 : static_cast<size_t>(mark.pos);
  }
  // "?" is a plain node, "!" a quoted one.
  static bool IsTag(const std::string& tag) { return !tag.empty() && tag != "?" && tag != "!"; }

  void Add(YamlEvent event) { events_.push_back(std::move(event)); }
  void Open(YamlEvent::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor, YAML::EmitterStyle::value style) {
    if (++depth_ > depth_max_) throw EndOfReading{{YamlFailure::Kind::kDepth, {}, Position(mark)}};
    Add({.kind = kind,
         .flow = style == YAML::EmitterStyle::Flow,
         .anchor = anchor != 0,
         .tag = IsTag(tag),
         .position = Position(mark),
         .text = {}});
  }
  void Close() {
    --depth_;
    Add({.kind = YamlEvent::Kind::kEnd, .text = {}});
  }

  size_t depth_max_;
  size_t depth_ = 0;
  size_t documents_ = 0;
  std::vector<YamlEvent> events_;
};

}  // namespace

YamlEvents ReadYamlEvents(std::string_view text, size_t depth_max) {
  Collector collector(depth_max);
  std::optional<YamlFailure> failure;
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(collector)) {
    }
  } catch (const EndOfReading& end) {
    failure = end.failure;
  } catch (const YAML::Exception& exception) {
    const int position = exception.mark.pos;
    failure = {YamlFailure::Kind::kSyntax, exception.msg,
               position < 0 ? text.size() : static_cast<size_t>(position)};
  } catch (const std::exception& exception) {
    failure = {YamlFailure::Kind::kSyntax, exception.what(), text.size()};
  }
  return {collector.Take(), std::move(failure)};
}

}  // namespace weir::config
