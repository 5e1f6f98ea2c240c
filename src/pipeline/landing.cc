#include "pipeline/landing.h"

#include <algorithm>
#include <array>
#include <deque>
#include <future>

#include "base/limits.h"
#include "env/failpoint.h"
#include "env/hash.h"
#include "format/decoder.h"
#include "format/deflate.h"
#include "format/inflate.h"

namespace weir::pipeline {
namespace {

using format::Compression;
using ledger::ObjectProgress;

constexpr size_t kPieceBytes = 256 * 1024;

Compression ByEnding(const std::string& path) {
  if (path.ends_with(".gz")) return Compression::kGzip;
  return path.ends_with(".zst") ? Compression::kZstd : Compression::kNone;
}

// "a/events.csv.gz", "17" -> "a/events-17.csv.gz"
std::string WithOwn(const std::string& path, const std::string& own) {
  const size_t name = path.rfind('/') + 1;
  const size_t dot = std::min(path.find('.', name + 1), path.size());
  return path.substr(0, dot) + "-" + own + path.substr(dot);
}

// A name in its folder, with room for what stands around it while it is written: ".NAME.tmp-PID-N",
// where file systems take 255 bytes.
constexpr size_t kNameBytesMax = 230;
constexpr size_t kEndingBytesMax = 32;

// ".csv.gz" of "a.csv.gz", ".csv" of "1.0.csv".
std::string_view EndingOf(std::string_view name) {
  size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return {};
  if (ByEnding(std::string(name)) != Compression::kNone && dot != 0)
    dot = std::min(dot, name.rfind('.', dot - 1));
  return name.size() - dot > kEndingBytesMax ? std::string_view() : name.substr(dot);
}

// Where the file's name is too long for a disk, its beginning, a hash of all of it, and its ending:
// the same whenever the batch is done again, and no other's.
std::string Fitting(const std::string& path) {
  const size_t name_at = path.rfind('/') + 1;
  const std::string_view name = std::string_view(path).substr(name_at);
  if (name.size() <= kNameBytesMax) return path;
  env::ContentHash hash;
  hash.Update(name);
  const std::string behind = "-" + hash.Hex() + std::string(EndingOf(name));
  size_t kept = kNameBytesMax - behind.size();
  const auto is_inside = [&name](size_t at) { return (name[at] & 0xC0) == 0x80; };
  for (int i = 0; i < 3 && is_inside(kept); ++i) --kept;  // Of a UTF-8 character.
  return path.substr(0, name_at) + std::string(name.substr(0, kept)) + behind;
}

// Reads until `into` is full or the input ends.
Result<std::string_view> Fill(env::ByteReader& reader, std::string& into) {
  size_t filled = 0;
  while (filled < into.size()) {
    WEIR_ASSIGN(const size_t got, reader.Read(std::span(into).subspan(filled)));
    if (got == 0) break;
    filled += got;
  }
  return std::string_view(into).substr(0, filled);
}

Result<bool> SameBytes(env::ByteReader& a, env::ByteReader& b) {
  std::string of_a(kPieceBytes, '\0');
  std::string of_b(kPieceBytes, '\0');
  while (true) {
    WEIR_ASSIGN(const std::string_view left, Fill(a, of_a));
    WEIR_ASSIGN(const std::string_view right, Fill(b, of_b));
    if (left != right) return false;
    if (left.empty()) return true;
  }
}

Result<void> Copy(env::ByteReader& from, env::ByteWriter& to) {
  std::string piece(kPieceBytes, '\0');
  while (true) {
    WEIR_ASSIGN(const std::string_view got, Fill(from, piece));
    if (got.empty()) return {};
    WEIR_TRY(to.Write(got));
  }
}

// One split on its way to its file.
class Landed {
 public:
  Landed(const Landing& landing, const BatchId& batch, const ObjectProgress& split, uint64_t from)
      : landing_(landing), batch_(batch), split_(split), from_(from) {}

  // Everything but the waiting for the disk. Null: the file is there.
  Result<std::unique_ptr<env::ByteWriter>> Write() const {
    WEIR_ASSIGN(const auto open, landing_.source.Open(split_));
    WEIR_ASSIGN(const source::LandedAs as, landing_.source.LandAs(split_));
    std::string path = landing_.spec.path.Fill({.at = as.at,
                                                .name = as.name,
                                                .pipeline = batch_.pipeline,
                                                .run = {},
                                                .entity = {},
                                                .n = 0,
                                                .seq = as.seq != 0 ? as.seq : batch_.number.value});
    if (!path.starts_with('/')) path = landing_.spec.folder + "/" + path;
    WEIR_ASSIGN(const Compression compression, CompressionFor(path, *open));
    for (const std::string& name : {Fitting(path), Fitting(WithOwn(path, as.own))}) {
      if (!landing_.files.Status(name)) return WriteTo(name, compression, *open);
      WEIR_ASSIGN(const bool same, IsThere(name, compression, *open));
      if (same) return nullptr;
    }
    return Fail({.kind = ErrorKind::kExists,
                 .code = "land.taken",
                 .message = "a file that keeps raw bytes holds others now",
                 .place = {.file = Fitting(WithOwn(path, as.own)),
                           .line = 0,
                           .column = 0,
                           .byte_offset = {}},
                 .next = "move it away"});
  }

 private:
  // What is compressed already stays as it is.
  Result<Compression> CompressionFor(const std::string& path, source::OpenSplit& open) const {
    const Compression wanted = ByEnding(path);
    if (wanted == Compression::kNone) return wanted;
    WEIR_ASSIGN(const auto input, format::OpenInput(open.Read(from_), Compression::kAuto));
    return input.compression == Compression::kNone ? wanted : Compression::kNone;
  }

  Result<bool> IsThere(const std::string& path, Compression compression,
                       source::OpenSplit& open) const {
    WEIR_ASSIGN(const auto file, landing_.files.Open(path));
    WEIR_ASSIGN(const env::FileStatus status, file->Status());
    WEIR_ASSIGN(const auto kept,
                format::OpenInput(env::ReadRange(*file, 0, status.size), compression));
    const auto bytes = open.Read(from_);
    auto same = SameBytes(*kept.reader, *bytes);
    if (!same && same.error().kind == ErrorKind::kCorrupt) return false;  // It is no file of ours.
    return same;
  }

  Result<std::unique_ptr<env::ByteWriter>> WriteTo(const std::string& path, Compression compression,
                                                   source::OpenSplit& open) const {
    WEIR_TRY(landing_.files.MakeFolders(path.substr(0, path.rfind('/'))));
    WEIR_ASSIGN(auto file, landing_.files.Create(path));
    auto writer = format::Compressed(std::move(file), compression);
    const auto bytes = open.Read(from_);
    WEIR_TRY(Copy(*bytes, *writer));
    WEIR_TRY(open.CheckUnchanged());
    return writer;
  }

  const Landing& landing_;
  const BatchId& batch_;
  const ObjectProgress& split_;
  uint64_t from_;
};

Result<void> FinishOne(env::ByteWriter& writer) {
  WEIR_TRY(env::ReachFailpoint("land.written"));
  return writer.Finish();
}

// Finishes files side by side, since each waits for the disk.
class Finishing {
 public:
  Result<void> Add(Landed landed, std::unique_ptr<env::ByteWriter> writer) {
    if (under_way_.size() == kWritesAtOnce) WEIR_TRY(WaitForOldest());
    under_way_.push_back(
        {std::move(landed),
         std::async(std::launch::async, [kept = std::move(writer)] { return FinishOne(*kept); })});
    return {};
  }
  Result<void> WaitForAll() {
    while (!under_way_.empty()) WEIR_TRY(WaitForOldest());
    return {};
  }

 private:
  struct One {
    Landed landed;
    std::future<Result<void>> finished;
  };

  Result<void> WaitForOldest() {
    One oldest = std::move(under_way_.front());
    under_way_.pop_front();
    const Result<void> finished = oldest.finished.get();
    if (finished || finished.error().code != "file.exists") return finished;
    // Its name was given to another meanwhile, such as one of this batch.
    WEIR_ASSIGN(const auto writer, oldest.landed.Write());
    return writer == nullptr ? Result<void>{} : FinishOne(*writer);
  }

  std::deque<One> under_way_;
};

Result<LandSpec> ParseLand(const std::string& text) {
  const auto wrong = [](std::string cause, std::string next) {
    return Fail(ErrorKind::kConfig, "land.path", std::move(cause), std::move(next));
  };
  if (text.find("://") != std::string::npos)
    return Fail(ErrorKind::kConfig, "config.not_built",
                "this version keeps raw bytes on local disk only",
                "write a path, such as data/raw/{date}/{name}");
  WEIR_ASSIGN(PathTemplate path, PathTemplate::Parse(text));
  for (const char* other : {"n", "run", "entity"})
    if (path.Uses(other))
      return wrong("'{" + std::string(other) + "}' says nothing of what is received here",
                   "use {date}, {hour}, {name}, {pipeline} or {seq}");
  if (text.empty() || text.ends_with('/'))
    return wrong("'" + text + "' names no file", "end it with {name} or {seq}");
  return LandSpec{std::move(path), {}};
}

}  // namespace

config::Shape<LandSpec> LandShape() { return config::Parsed<LandSpec>("path", ParseLand); }

Result<void> Landing::Land(const BatchId& batch, const std::vector<ObjectProgress>& splits) const {
  Finishing finishing;
  for (const ObjectProgress& split : splits) {
    uint64_t from = 0;
    if (!split.state.empty()) {
      WEIR_ASSIGN(const auto known, catalog.ObjectByVersion(batch.pipeline, split.version));
      if (known) continue;  // The batch that began it has landed it.
      WEIR_ASSIGN(const auto begun, format::DecoderState::FromJson(split.state));
      from = begun.reader_offset();
    }
    const Landed landed(*this, batch, split, from);
    WEIR_ASSIGN(auto writer, landed.Write());
    if (writer != nullptr) WEIR_TRY(finishing.Add(landed, std::move(writer)));
  }
  WEIR_TRY(finishing.WaitForAll());
  return env::ReachFailpoint("land.kept");
}

}  // namespace weir::pipeline
