# cmake -DPROGRAM=file -DWEIR_DEPS=folder -P copy_libraries.cmake: see package.cmake.
cmake_minimum_required(VERSION 3.25)
get_filename_component(folder ${PROGRAM} DIRECTORY)
set(lib ${folder}/lib)
set(probe ${folder}/CMakeFiles/probe)  # a place without lib/, so that ldd finds the originals

file(REMOVE_RECURSE ${probe})
file(MAKE_DIRECTORY ${probe} ${lib})
file(CREATE_LINK ${PROGRAM} ${probe}/program COPY_ON_ERROR)
execute_process(
  COMMAND ${CMAKE_COMMAND} -E env LD_LIBRARY_PATH=${WEIR_DEPS}/arrow/lib:${WEIR_DEPS}/duckdb ldd ${probe}/program
  OUTPUT_VARIABLE listing COMMAND_ERROR_IS_FATAL ANY)
file(REMOVE_RECURSE ${probe})

# The parts of glibc must be of one build, and of the machine's own.
set(glibc "^(ld-linux.*|libc|libm|libdl|libpthread|librt|libresolv|libutil|libanl|libmvec)[.]so[.]")
set(kept "")
string(REPLACE "\n" ";" listing "${listing}")
foreach(line ${listing})
  if(NOT line MATCHES "^[ \t]*([^ ]+) => (.*)$")
    continue()
  endif()
  set(name ${CMAKE_MATCH_1})
  set(found ${CMAKE_MATCH_2})
  if(name MATCHES "${glibc}")
    continue()
  endif()
  if(NOT found MATCHES "^(/[^ ]+) ")
    message(FATAL_ERROR "${PROGRAM} needs ${name}, which is nowhere: ${found}")
  endif()
  file(REAL_PATH ${CMAKE_MATCH_1} original)
  file(COPY_FILE ${original} ${lib}/${name} ONLY_IF_DIFFERENT)
  list(APPEND kept ${name})
endforeach()

file(GLOB present RELATIVE ${lib} ${lib}/*)
foreach(name ${present})
  if(NOT name IN_LIST kept)
    file(REMOVE ${lib}/${name})
  endif()
endforeach()
