// The front checks: cheap, before anything is stored, and of the request as a whole. What is wrong
// with single rows is for the contract. Private to source/http/. Threads: any.
#pragma once

#include <expected>
#include <vector>

#include "columnar/column_spec.h"
#include "env/bytes.h"
#include "source/http/http_spec.h"
#include "source/http/request.h"
#include "source/http/request_record_internal.h"

namespace weir::source {

std::unexpected<Refusal> Refuse(int status, std::string code, std::string message,
                                std::string next = {});

// Whether any body may be of the type and the encoding that `head` says. Refusals: 415.
std::expected<void, Refusal> CheckKind(const HttpSpec& spec, const Request& head);

// Format and compression, by what the sender says of it, then by the file's name, then by its first
// byte. Refusals: 415.
struct BodyKind {
  format::FormatKind format = format::FormatKind::kNdjson;
  format::Compression compression = format::Compression::kNone;
};
std::expected<BodyKind, Refusal> KindOfBody(const HttpSpec& spec, const Request& request,
                                            std::string_view first_bytes);

// Reads the body, which is there in memory or comes from `open`, to its end. Fills what the record
// says of its text. Refusals: 413, 422.
using OpenBody = std::function<Result<std::unique_ptr<env::ByteReader>>()>;
std::expected<void, Refusal> CheckText(const HttpSpec& spec,
                                       const std::vector<columnar::ColumnSpec>& columns,
                                       std::string_view body, uint64_t body_bytes,
                                       const OpenBody& open, RequestRecord& record);

}  // namespace weir::source
