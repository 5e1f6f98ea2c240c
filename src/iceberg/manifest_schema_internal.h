// The Avro schemas of manifests and manifest lists, with the field ids of Iceberg's specification.
// Required fields are plain types and optional ones unions with null first: some readers insist.
#pragma once

#include <span>
#include <string>

#include "iceberg/partition_spec.h"

namespace weir::iceberg {

std::string ManifestAvroSchema(const PartitionSpec& spec, std::span<const Type> types);
const std::string& ManifestListAvroSchema();

// A partition field's name as Avro takes it: "_x2D" for what is no letter, digit or underscore.
std::string AvroName(const std::string& name);

}  // namespace weir::iceberg
