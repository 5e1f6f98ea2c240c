# Flags of our own code only; third-party headers are SYSTEM. Hardening after the OpenSSF guide.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
include(CheckPIESupported)
check_pie_supported(LANGUAGES CXX)
option(WEIR_BUILD_TESTS "Build the test programs" ON)
option(WEIR_WERROR "Warnings are errors" ON)
set(WEIR_SANITIZE "" CACHE STRING "address,undefined or thread or fuzzer (clang: fuzzer,address,undefined)")

# Line tables are enough for a stack trace, and halve what the linker reads.
set(CMAKE_C_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O1 -g1")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1")

# GCC throws its own garbage away less often: a tenth of the build's time for some 200 MB per compiler.
add_compile_options($<$<CXX_COMPILER_ID:GNU>:--param=ggc-min-heapsize=1048576>)

add_library(weir_options INTERFACE)
target_compile_options(weir_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
  -Wformat=2 -Werror=format-security -fstack-protector-strong -fstack-clash-protection
  -fcf-protection=full -ftrivial-auto-var-init=zero
  # No path of a machine in the program: the same sources give the same bytes, and clones share ccache,
  # which names the sources relative to build/PRESET.
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}/= -ffile-prefix-map=../../=
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_GREATER_EQUAL:$<CXX_COMPILER_VERSION>,13>>:-fstrict-flex-arrays=3>)
if(WEIR_WERROR)
  target_compile_options(weir_options INTERFACE -Werror)
endif()
target_compile_definitions(weir_options INTERFACE _GLIBCXX_ASSERTIONS)
target_link_options(weir_options INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)

if(WEIR_SANITIZE STREQUAL "fuzzer")
  # The rooms are instrumented; only a fuzz target links libFuzzer, which brings a main (rooms.cmake).
  target_compile_options(weir_options INTERFACE -fsanitize=fuzzer-no-link,address,undefined
    -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(weir_options INTERFACE -fsanitize=address,undefined)
elseif(WEIR_SANITIZE)
  target_compile_options(weir_options INTERFACE -fsanitize=${WEIR_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer
    # GCC 12 takes the checks that it inserts for uses of what they check.
    -Wno-maybe-uninitialized -Wno-uninitialized)
  if(WEIR_SANITIZE STREQUAL "thread")
    # Asio has fences beside its locks; the locks are what ThreadSanitizer goes by.
    target_compile_options(weir_options INTERFACE -Wno-tsan)
  endif()
  target_link_options(weir_options INTERFACE -fsanitize=${WEIR_SANITIZE})
else()
  target_compile_options(weir_options INTERFACE
    $<$<CONFIG:Release>:-U_FORTIFY_SOURCE> $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=3>)
endif()

find_program(WEIR_MOLD mold)
find_program(WEIR_LLD ld.lld)
if(WEIR_MOLD)
  target_link_options(weir_options INTERFACE -fuse-ld=mold)
elseif(WEIR_LLD)
  target_link_options(weir_options INTERFACE -fuse-ld=lld)
endif()
find_program(WEIR_CCACHE ccache)
if(WEIR_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${WEIR_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${WEIR_CCACHE})
endif()
