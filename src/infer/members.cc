#include "infer/members_internal.h"

#include <charconv>
#include <nlohmann/json.hpp>

namespace weir::infer {
namespace {

using nlohmann::json;

// The values of the outermost object alone; what lies deeper is one nested value.
class Walk final : public nlohmann::json_sax<json> {
 public:
  explicit Walk(Members& members) : members_(members) {}

  bool null() override { return true; }
  bool boolean(bool) override {
    return Seen([](JsonEvidence& of) { of.AddBool(); });
  }
  bool number_integer(number_integer_t value) override { return Whole(std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override { return Whole(std::to_string(value)); }
  bool number_float(number_float_t, const string_t& written) override {
    if (written.find_first_of(".eE") == string_t::npos) return Whole(written);
    return Seen([](JsonEvidence& of) { of.AddFraction(); });
  }
  bool string(string_t& text) override {
    return Seen([&](JsonEvidence& of) { of.AddText(text); });
  }
  bool binary(binary_t&) override { return true; }
  bool start_object(size_t) override { return Begin(); }
  bool start_array(size_t) override { return Begin(); }
  bool end_object() override { return End(); }
  bool end_array() override { return End(); }
  bool key(string_t& name) override {
    if (depth_ == 1) {
      member_ = &members_.Of(name);
    }
    return true;
  }
  bool parse_error(size_t, const std::string&, const json::exception&) override { return false; }

 private:
  template <class F>
  bool Seen(const F& add) {
    if (depth_ == 1) add(*member_);
    return true;
  }
  bool Whole(std::string_view digits) {
    int64_t value = 0;
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (digits.starts_with('-')) digits.remove_prefix(1);
    return Seen([&](JsonEvidence& of) { of.AddWhole(digits, end.ec == std::errc()); });
  }
  bool Begin() {
    if (depth_ == 1) member_->AddNested();
    ++depth_;
    return true;
  }
  bool End() {
    --depth_;
    return true;
  }

  Members& members_;
  JsonEvidence* member_ = nullptr;
  size_t depth_ = 0;
};

}  // namespace

void Members::Add(std::string_view record) {
  Walk walk(*this);
  json::sax_parse(record, &walk);
}

JsonEvidence& Members::Of(const std::string& name) {
  const auto [at, is_new] = index_.try_emplace(name, found_.size());
  if (is_new) found_.emplace_back(name, JsonEvidence());
  return found_[at->second].second;
}

}  // namespace weir::infer
