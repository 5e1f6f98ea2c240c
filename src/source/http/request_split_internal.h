// Requests of the log as splits. A split is a range of one pipeline's entries whose texts, one
// behind the other, read like one: small JSON bodies, or one body alone. Private to source/http/.
//
// A split's object is kRequests, its version "FIRST-LAST"; so the newest one that the catalog knows
// says how far the pipeline has read. A request alone, as a dead letter names it, has its receipt
// as object. Threads: as Source's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "source/http/request_record_internal.h"
#include "source/source.h"
#include "wal/readable_log.h"

namespace weir::source {

inline constexpr std::string_view kRequests = "requests";

// The log as one pipeline sees it. Borrowed.
struct RequestStream {
  wal::ReadableLog& log;
  wal::StreamId id;
  std::string pipeline;
  std::string instance;
};

// A spooled body from its beginning, and the hash of all of it.
Result<std::unique_ptr<env::ByteReader>> OpenSpooled(wal::ReadableLog& log,
                                                     const wal::Spool& spool);
Result<std::string> HashSpooled(wal::ReadableLog& log, const wal::Spool& spool);

// "orders-3f2a9c1e-1234567"
std::string MakeReceipt(const RequestStream& stream, wal::Sequence sequence);
struct ParsedReceipt {
  std::string pipeline;
  std::string instance;
  wal::Sequence sequence;
};
std::optional<ParsedReceipt> ParseReceipt(std::string_view text);

struct RequestRange {
  wal::Sequence first;
  wal::Sequence last;
};
std::string ToVersion(const RequestRange& range);
std::optional<RequestRange> ParseVersion(std::string_view version);
// Of a split, or of a request alone. nullopt: of neither.
std::optional<RequestRange> RangeOf(const RequestStream& stream,
                                    const ledger::ObjectProgress& split);

// What there is to be read behind `after`, in order, until there are `bytes_enough` of it or as
// many splits as a batch has at most: to find requests is to read them.
struct FoundSplits {
  std::vector<ledger::ObjectProgress> splits;
  bool more = false;  // There are requests behind them.
};
// Errors: wal.corrupt, http.entry.
Result<FoundSplits> FindRequestSplits(const RequestStream& stream, wal::Sequence after,
                                      uint64_t bytes_enough);
// The format of the split's requests. Error source.lost: they are not there any more.
Result<format::FormatKind> FormatOfRequests(const RequestStream& stream,
                                            const ledger::ObjectProgress& split);
// The upload's own name where it is one file, else the receipt of the first. Error source.lost.
Result<LandedAs> LandRequestsAs(const RequestStream& stream, const ledger::ObjectProgress& split);
// Error source.lost.
struct OpenedRequests {
  std::unique_ptr<OpenSplit> split;
  std::vector<ledger::RequestKey> keys;
};
Result<OpenedRequests> OpenRequests(const RequestStream& stream,
                                    const ledger::ObjectProgress& split);

}  // namespace weir::source
