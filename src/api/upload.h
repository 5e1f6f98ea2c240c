// What is sent to a pipeline: a body, or the files of a form, kept in memory while small and
// spooled beside the log where not, offered when the body has ended, and answered when it is
// durable (202) or committed (200, 207, 422), or was left out by a person (410).
//
// A repetition is answered 202 only where what it repeats may still be taken: nobody who sends it
// again is told that what was refused or left out is safe.
//
// If the client goes away before the end nothing was offered, and what was spooled is removed.
#pragma once

#include <chrono>
#include <functional>

#include "api/route.h"
#include "api/workers.h"
#include "source/http/front.h"

namespace weir::api {

struct UploadContext {
  source::Front& front;
  Workers& workers;
  std::chrono::microseconds ack_timeout;
  std::function<void(std::chrono::microseconds)> acknowledged;  // How long it took; any thread.
};

// Decides on the head: size, budgets, type of the body.
Decision BeginUpload(const UploadContext& context, source::Intake& intake, const Call& call,
                     const env::Clock& clock);

}  // namespace weir::api
