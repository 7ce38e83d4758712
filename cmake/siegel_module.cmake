# siegel_module(NAME KIND HEADERS ... DEPENDS ... PACKAGES ... TEST_DEPENDS ... TEST_PACKAGES ...)
#
# A module is one folder under src/. NAME is the folder's path ("journal/sqlite"), the target is
# siegel_<path with underscores>. Every *.cpp beside the CMakeLists.txt is built: `*_test.cpp` into
# the module's test program, the rest into its library. HEADERS are the module's contract: nothing
# else may be included from outside (tools/tidy.py checks it). An arrow only goes down: a wrong edge
# ends the configuration.
#
# KIND      floor   may depend on
# ground    0       ground
# domain    1       ground
# socket    2       ground, domain, sockets
# plug      3       ground, domain, sockets
# verify    3       ground, domain, verify
# service   4       everything below but plugs (only app/shop/wiring.cpp names plugs), services
# front     5       ground, domain, sockets, verify, services
# app       6       everything

set(SIEGEL_MAY_ground ground)
set(SIEGEL_MAY_domain ground domain)
set(SIEGEL_MAY_socket ground domain socket)
set(SIEGEL_MAY_plug ground domain socket)
set(SIEGEL_MAY_verify ground domain verify)
set(SIEGEL_MAY_service ground domain socket service)
set(SIEGEL_MAY_front ground domain socket verify service)
set(SIEGEL_MAY_app ground domain socket plug verify service front app)

function(siegel_module name kind)
  cmake_parse_arguments(arg "" "" "HEADERS;DEPENDS;PACKAGES;TEST_DEPENDS;TEST_PACKAGES" ${ARGN})
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "siegel_module(${name}): unknown ${arg_UNPARSED_ARGUMENTS}")
  endif()
  string(REPLACE "/" "_" target "siegel_${name}")

  foreach(dependency IN LISTS arg_DEPENDS)
    get_property(other GLOBAL PROPERTY "siegel_kind_${dependency}")
    if(NOT other)
      message(FATAL_ERROR "siegel_module(${name}): ${dependency} is not a module below it "
                          "(see the order in src/CMakeLists.txt)")
    endif()
    if(NOT other IN_LIST SIEGEL_MAY_${kind})
      message(FATAL_ERROR "siegel_module(${name}): a ${kind} must not depend on ${dependency}, "
                          "a ${other}")
    endif()
  endforeach()
  set_property(GLOBAL PROPERTY "siegel_kind_${name}" ${kind})
  set_property(GLOBAL APPEND PROPERTY siegel_modules ${name})
  # tools/tidy.py reads this to check includes.
  list(JOIN arg_DEPENDS "," depends_text)
  list(JOIN arg_TEST_DEPENDS "," test_depends_text)
  list(JOIN arg_HEADERS "," headers_text)
  set_property(GLOBAL APPEND PROPERTY siegel_graph
               "${name}|${kind}|${headers_text}|${depends_text}|${test_depends_text}")

  file(GLOB sources CONFIGURE_DEPENDS "*.cpp")
  file(GLOB tests CONFIGURE_DEPENDS "*_test.cpp")
  if(tests)
    list(REMOVE_ITEM sources ${tests})
  endif()

  if(sources)
    set(link PUBLIC)
    add_library(${target} STATIC ${sources})
    target_link_libraries(${target} PRIVATE siegel_build)
    target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  else()
    set(link INTERFACE)
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE ${PROJECT_SOURCE_DIR}/src)
  endif()
  # Whoever includes a header of ours, the self-containment check too, speaks C++20.
  target_compile_features(${target} ${link} cxx_std_20)
  foreach(dependency IN LISTS arg_DEPENDS)
    string(REPLACE "/" "_" other_target "siegel_${dependency}")
    target_link_libraries(${target} ${link} ${other_target})
  endforeach()
  if(arg_PACKAGES)
    target_link_libraries(${target} ${link} ${arg_PACKAGES})
  endif()
  if(arg_HEADERS AND SIEGEL_CHECK_HEADERS)
    set(headers "")
    foreach(header IN LISTS arg_HEADERS)
      list(APPEND headers "${CMAKE_CURRENT_SOURCE_DIR}/${header}")
    endforeach()
    target_sources(${target} ${link}
                   FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/src FILES ${headers})
    set_target_properties(${target} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
  endif()

  if(tests AND SIEGEL_TESTS)
    siegel_test(${target}_test SOURCES ${tests} DEPENDS ${name} ${arg_TEST_DEPENDS}
                PACKAGES ${arg_TEST_PACKAGES})
  endif()
endfunction()

# siegel_test(target SOURCES ... DEPENDS modules PACKAGES ... [LABEL label] [TIMEOUT seconds])
# One GoogleTest program; its results go to <build>/results/ for `./dev requirements`.
function(siegel_test target)
  cmake_parse_arguments(arg "" "LABEL;TIMEOUT" "SOURCES;DEPENDS;PACKAGES;ENVIRONMENT" ${ARGN})
  if(NOT SIEGEL_TESTS)
    return()
  endif()
  add_executable(${target} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE siegel_build GTest::gmock GTest::gtest_main rapidcheck
                                          ${arg_PACKAGES})
  target_compile_definitions(${target} PRIVATE SIEGEL_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                                               SIEGEL_BINARY_DIR="${PROJECT_BINARY_DIR}")
  foreach(dependency IN LISTS arg_DEPENDS)
    string(REPLACE "/" "_" other "siegel_${dependency}")
    target_link_libraries(${target} PRIVATE ${other})
  endforeach()
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  add_test(NAME ${target}
           COMMAND ${target} --gtest_output=json:${PROJECT_BINARY_DIR}/results/${target}.json)
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  if(NOT arg_LABEL)
    set(arg_LABEL unit)
  endif()
  set_tests_properties(${target} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABEL}"
                                            ENVIRONMENT "${arg_ENVIRONMENT}")
endfunction()

# siegel_all_tests(folder out): the names of all tests added in a folder and below it.
function(siegel_all_tests folder out)
  get_property(names DIRECTORY ${folder} PROPERTY TESTS)
  get_property(below DIRECTORY ${folder} PROPERTY SUBDIRECTORIES)
  foreach(sub IN LISTS below)
    siegel_all_tests(${sub} more)
    list(APPEND names ${more})
  endforeach()
  set(${out} ${names} PARENT_SCOPE)
endfunction()

# siegel_fuzz(name SOURCES file DEPENDS modules): a libFuzzer target of the fuzz preset; its seeds
# lie in tests/fuzz/corpus/<name>/.
function(siegel_fuzz name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
  if(NOT SIEGEL_FUZZ)
    return()
  endif()
  add_executable(fuzz_${name} ${arg_SOURCES})
  if(NOT TARGET fuzz_targets)
    add_custom_target(fuzz_targets)
  endif()
  add_dependencies(fuzz_targets fuzz_${name})
  target_link_libraries(fuzz_${name} PRIVATE siegel_build)
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  foreach(dependency IN LISTS arg_DEPENDS)
    string(REPLACE "/" "_" other "siegel_${dependency}")
    target_link_libraries(fuzz_${name} PRIVATE ${other})
  endforeach()
  set_target_properties(fuzz_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
endfunction()
