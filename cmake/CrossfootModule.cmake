# One place that says how every target of the tree is compiled.
add_library(crossfoot_flags INTERFACE)
target_include_directories(crossfoot_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(crossfoot_flags INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Werror -Wthread-safety -Wno-missing-field-initializers -Wno-missing-designated-field-initializers
  -fno-omit-frame-pointer)
target_link_options(crossfoot_flags INTERFACE -fuse-ld=mold)

option(CROSSFOOT_ASAN "AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
option(CROSSFOOT_TSAN "ThreadSanitizer" OFF)
option(CROSSFOOT_COVERAGE "Source-based coverage" OFF)
if(CROSSFOOT_ASAN)
  target_compile_options(crossfoot_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined)
  target_link_options(crossfoot_flags INTERFACE -fsanitize=address,undefined)
endif()
if(CROSSFOOT_TSAN)
  target_compile_options(crossfoot_flags INTERFACE -fsanitize=thread)
  target_link_options(crossfoot_flags INTERFACE -fsanitize=thread)
endif()
if(CROSSFOOT_COVERAGE)
  target_compile_options(crossfoot_flags INTERFACE -fprofile-instr-generate -fcoverage-mapping)
  target_link_options(crossfoot_flags INTERFACE -fprofile-instr-generate)
endif()

# Precompiled headers, one for all libraries and one for all tests: two thirds of a file's compile time
# were the same headers of others read again. Headers of this tree stay out: a change of one rebuilds
# only who includes it.
set(precompiled_source ${CMAKE_BINARY_DIR}/precompiled.cpp)
file(GENERATE OUTPUT ${precompiled_source} CONTENT "")
function(crossfoot_precompiled name)
  add_library(${name} OBJECT ${precompiled_source})
  target_link_libraries(${name} PRIVATE crossfoot_flags ${ARGN})
  target_precompile_headers(${name} PRIVATE <algorithm> <array> <charconv> <chrono> <deque> <filesystem>
    <functional> <map> <memory> <mutex> <optional> <set> <string> <string_view> <thread> <tuple>
    <unordered_map> <utility> <variant> <vector> <fmt/format.h>)
endfunction()
crossfoot_precompiled(cf_precompiled fmt::fmt)
crossfoot_precompiled(cf_precompiled_tests fmt::fmt GTest::gtest GTest::gmock)
target_precompile_headers(cf_precompiled_tests PRIVATE <gtest/gtest.h> <gmock/gmock.h>
  <rapidcheck/gtest.h>)

# crossfoot_module(name DEPENDS modules... LIBS external...): every *.cpp of the folder, except
# *_test.cpp, becomes the static library cf_<name>; the *_test.cpp become the test <name>_test.
function(crossfoot_module name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LIBS;TEST_LIBS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  set(dependencies ${ARG_DEPENDS})
  list(TRANSFORM dependencies PREPEND cf_)
  if(sources)
    add_library(cf_${name} STATIC ${sources})
    target_link_libraries(cf_${name} PUBLIC crossfoot_flags ${dependencies} ${ARG_LIBS})
    target_precompile_headers(cf_${name} REUSE_FROM cf_precompiled)
  else()
    add_library(cf_${name} INTERFACE)
    target_link_libraries(cf_${name} INTERFACE crossfoot_flags ${dependencies} ${ARG_LIBS})
  endif()
  if(tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE cf_${name} ${ARG_TEST_LIBS} GTest::gtest GTest::gtest_main GTest::gmock)
    target_precompile_headers(${name}_test REUSE_FROM cf_precompiled_tests)
    add_test(NAME ${name}_test COMMAND ${name}_test WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    # Far over what any takes: one that hangs is ended, and the others still tell their results.
    set_tests_properties(${name}_test PROPERTIES LABELS unit TIMEOUT 600)
  endif()
endfunction()
