// A project's folder, read whole: weir.yaml, pipelines/*.yaml, models/<schema>/<table>.sql and
// endpoints/*.sql. Only what is wiring gets its type here; a pipeline, a schedule or a header stays
// a Node (with its variables put in) until the room that owns its keys reads it.
//
//   FindProject --> LoadProject(faults) --> rooms Read their nodes (same faults) --> one report
//
// Places name files from the project's folder: "pipelines/shop.yaml:3:5". Threads: none.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/field_table.h"
#include "config/server_limits.h"
#include "config/sql_header.h"
#include "config/substitution.h"
#include "env/files.h"

namespace weir::config {

struct CatalogSpec {
  enum class Kind : uint8_t { kSqlite, kPostgres };
  Kind kind = Kind::kSqlite;
  std::string connection;  // Of kPostgres: a name of `connections`, or a DSN.
  Place place;
};

struct LogsSpec {
  std::string folder = ".weir/logs";
  std::string level = "info";
};

struct TlsSpec {
  std::string cert;  // PEM files, from the project's folder.
  std::string key;
};

struct ServerSpec {
  enum class Auth : uint8_t { kTokens, kNone };
  Placed<std::string> listen = {"127.0.0.1:8000", {}};
  std::optional<Auth> auth;
  std::optional<TlsSpec> tls;
  std::chrono::microseconds shutdown_grace = std::chrono::seconds(30);
  ServerLimits limits;
};

// `value` is what stands behind the kind's key.
struct ConnectionSpec {
  std::string kind;  // postgres, rest, s3, kafka
  Node value;
};

// models/silver/sale_lines.sql: schema "silver", name "sale_lines". Endpoints have no schema.
struct SqlFile {
  std::string file;  // From the project's folder.
  std::string schema;
  std::string name;
  SqlText sql;
};

// tests/daily.yaml: a map of cases, read by whoever owns their keys.
struct YamlFile {
  std::string file;  // From the project's folder.
  Node root;
};

struct Project {
  std::string folder;
  std::string name;
  std::string warehouse = "./lake";
  CatalogSpec catalog;
  LogsSpec logs;
  ServerSpec server;
  std::vector<Named<ConnectionSpec>> connections;
  std::vector<Named<Node>> pipelines;  // Of all files, in the order of the files' names.
  std::vector<Named<Node>> schedules;
  std::vector<SqlFile> models;     // By schema, then name.
  std::vector<SqlFile> endpoints;  // By name.
  std::vector<YamlFile> tests;     // By name; of LoadScope::kTests.
  Sources sources;                 // For diagnostic_text.h.
};

// The nearest folder from `folder` upward that holds weir.yaml; `folder` is absolute, or relative
// and then only its own parts are climbed. Error config.no_project.
Result<std::string> FindProject(env::Files& files, const std::string& folder);

enum class LoadScope : uint8_t {
  kAll,
  kTables,  // Where the tables are, and nothing else: name, warehouse, catalog, logs and
            // connections.
  kModels,  // The models, and nothing else.
  kTests,   // The tests, and nothing else.
};

struct LoadOptions {
  env::Files& files;
  Environment environment;
  std::string folder;                 // That holds weir.yaml; empty or ".": the working directory.
  LoadScope scope = LoadScope::kAll;  // What is left out is not read, and its faults are not told.
};

// Always answers; the project is usable where `faults` stayed empty. Adds the codes of document.h,
// substitution.h, field_table.h and sql_header.h, and
//   config.version         `weir:` is another number than 1
//   config.duplicate_name  two pipelines of one name, at the second
//   config.bad_name        a name that is no [a-z][a-z0-9_]* (a project's may hold '-')
//   config.file_name       a file that would be read under a like name (x.yml), or stands too deep
//   file.*                 of env/files.h
Project LoadProject(const LoadOptions& options, Faults& faults);

// The keys of weir.yaml itself, for the reference.
const TableDoc& ProjectTableDoc();

}  // namespace weir::config
