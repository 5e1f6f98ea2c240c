// What other engines would refuse in bytes that we wrote (the list that readers taught us): tests
// run it over everything this room writes. It looks at the bytes with its own eyes: Avro's schema
// as JSON, header keys, counts; only the container's frame is read with the room's reader.
#pragma once

#include <string>
#include <vector>

#include "iceberg/snapshot_update.h"

namespace weir::iceberg {

// Empty: nobody would. Else one sentence per fault.
std::vector<std::string> Rejections(const EncodedManifest& manifest, const PartitionSpec& spec);
std::vector<std::string> Rejections(const CommitPlan& plan);

// "status 0, snapshot_id 1?, ...": names, field ids and which are optional, in the order of the
// file.
std::string FieldsOfAvroSchema(const std::string& schema_json);

}  // namespace weir::iceberg
