# Everything that is not ours. Debian's libraries by their packages; Arrow, DuckDB and SQLite from
# WEIR_DEPS, the folder that `./dev setup` fills from dependencies.lock.
set(WEIR_DEPS "" CACHE PATH "Folder filled by ./dev setup: arrow/ duckdb/ sqlite/")
if(NOT WEIR_DEPS)
  message(FATAL_ERROR "WEIR_DEPS is not set: build with ./dev build, which sets it.")
endif()

find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(simdjson REQUIRED)
find_package(CLI11 REQUIRED)
find_package(date REQUIRED)
find_package(Threads REQUIRED)
if(WEIR_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()

function(weir_library name)  # weir_library(NAME [INCLUDE dir] FILES ...)
  cmake_parse_arguments(LIBRARY "" "INCLUDE" "FILES" ${ARGN})
  add_library(${name} INTERFACE)
  if(LIBRARY_INCLUDE)
    target_include_directories(${name} SYSTEM INTERFACE ${LIBRARY_INCLUDE})
  endif()
  target_link_libraries(${name} INTERFACE ${LIBRARY_FILES})
endfunction()

weir_library(weir_xxhash FILES xxhash)
weir_library(weir_zstd FILES zstd)
weir_library(weir_libpq INCLUDE /usr/include/postgresql FILES pq)
# OpenSSL goes before Arrow: libparquet exports libcrypto's symbols too, and the first library that
# the program names wins. As a link option it precedes everything, in whatever order the libraries
# are named, and is kept even where the linker drops libraries that it sees no use for yet
# (tests/linkage, tests/package).
set(WEIR_ARROW_SO 2600)
weir_library(weir_arrow INCLUDE ${WEIR_DEPS}/arrow/include
  FILES OpenSSL::Crypto ${WEIR_DEPS}/arrow/lib/libarrow.so.${WEIR_ARROW_SO})
target_link_options(weir_arrow INTERFACE
  LINKER:--push-state,--no-as-needed ${OPENSSL_CRYPTO_LIBRARY} LINKER:--pop-state)
weir_library(weir_parquet FILES weir_arrow ${WEIR_DEPS}/arrow/lib/libparquet.so.${WEIR_ARROW_SO})
weir_library(weir_arrow_compute FILES weir_arrow ${WEIR_DEPS}/arrow/lib/libarrow_compute.so.${WEIR_ARROW_SO})
weir_library(weir_arrow_s3 FILES weir_arrow ${WEIR_DEPS}/arrow/lib/libarrow_s3.so.${WEIR_ARROW_SO})
weir_library(weir_duckdb INCLUDE ${WEIR_DEPS}/duckdb FILES ${WEIR_DEPS}/duckdb/libduckdb.so)

add_library(weir_sqlite STATIC ${WEIR_DEPS}/sqlite/sqlite3.c)
target_include_directories(weir_sqlite SYSTEM PUBLIC ${WEIR_DEPS}/sqlite)
target_compile_definitions(weir_sqlite PRIVATE SQLITE_THREADSAFE=1 SQLITE_OMIT_LOAD_EXTENSION
  SQLITE_DQS=0 SQLITE_DEFAULT_FOREIGN_KEYS=1)
target_compile_options(weir_sqlite PRIVATE -w -ffile-prefix-map=${WEIR_DEPS}/=)
target_link_libraries(weir_sqlite PUBLIC Threads::Threads ${CMAKE_DL_LIBS})
