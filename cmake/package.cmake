# weir_package_libraries(TARGET): puts the program at the top of the build folder and, beside it in
# lib/, every shared library that it loads and that does not belong to glibc. The folder can then be
# copied to a machine that has nothing but glibc.
#
# The run path is DT_RPATH, not DT_RUNPATH: only that one also holds for what the libraries load in
# their turn (Debian's own libraries name no path).
function(weir_package_libraries target)
  set_target_properties(${target} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}
    BUILD_WITH_INSTALL_RPATH TRUE
    INSTALL_RPATH "$ORIGIN/lib")
  target_link_options(${target} PRIVATE -Wl,--disable-new-dtags)
  target_link_libraries(${target} PRIVATE weir_options)
  add_custom_command(TARGET ${target} POST_BUILD VERBATIM
    COMMENT "Copying the libraries of ${target} to lib/"
    COMMAND ${CMAKE_COMMAND} -DPROGRAM=$<TARGET_FILE:${target}> -DWEIR_DEPS=${WEIR_DEPS}
      -P ${CMAKE_SOURCE_DIR}/cmake/copy_libraries.cmake)
endfunction()
