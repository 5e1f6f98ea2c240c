# cmake -DEXAMPLES=folder -DOUT=file.cc -P embed_examples.cmake: the examples as bytes in the program,
# for `weir init --example`. Their run.sh stays out: it is for a clone of the repository.
cmake_minimum_required(VERSION 3.25)
file(GLOB_RECURSE files RELATIVE ${EXAMPLES} ${EXAMPLES}/*.yaml ${EXAMPLES}/*.sql ${EXAMPLES}/*.md)
list(FILTER files EXCLUDE REGEX "/(lake|data|[.]weir)/")
list(SORT files)
set(arrays "")
set(rows "")
set(number 0)
foreach(file ${files})
  string(REGEX MATCH "^([^/]+)/(.+)$" matched ${file})
  if(NOT matched)
    continue()
  endif()
  set(example ${CMAKE_MATCH_1})
  set(path ${CMAKE_MATCH_2})
  file(READ ${EXAMPLES}/${file} hex HEX)
  string(LENGTH "${hex}" digits)
  math(EXPR size "${digits} / 2")
  string(REGEX REPLACE "(..)" "\\\\x\\1" bytes "${hex}")
  string(REGEX REPLACE "((\\\\x..)(\\\\x..)?(\\\\x..)?(\\\\x..)?(\\\\x..)?(\\\\x..)?(\\\\x..)?(\\\\x..)?)" "\\1\"\n    \"" bytes "${bytes}")
  string(APPEND arrays "constexpr char kFile${number}[] =\n    \"${bytes}\";\n")
  string(APPEND rows "    {\"${example}\", \"${path}\", {kFile${number}, ${size}}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(CONFIGURE OUTPUT ${OUT} CONTENT "// Made by cmake/embed_examples.cmake.
#include \"cli/example_files.h\"

namespace weir::cli {
namespace {

${arrays}
constexpr ExampleFile kFiles[] = {
${rows}};

}  // namespace

std::span<const ExampleFile> ExampleFiles() { return kFiles; }

}  // namespace weir::cli
" @ONLY)
