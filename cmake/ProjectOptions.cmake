# Language level, warnings, sanitizers: one INTERFACE target that every target of ours links PRIVATE.

option(DM_TESTS "Build the tests" OFF)
option(DM_WERROR "Warnings are errors" OFF)
option(DM_ASSERTIONS "libstdc++ assertions" OFF)
option(DM_LTO "Link-time optimisation" OFF)
option(DM_FAILPOINTS "Places at which a test can have the server die" OFF)
option(DM_TIDY "Run clang-tidy on every source" OFF)
option(DM_FUZZ "Build libFuzzer targets (clang)" OFF)
option(DM_COVERAGE "gcov instrumentation" OFF)
option(DM_UNITY "Compile eight tests at a time" OFF)
set(DM_SANITIZE "" CACHE STRING "Value for -fsanitize=")

set(CMAKE_CXX_STANDARD 17) # websocketpp 0.8.2 does not compile as C++20 with g++ 12
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_VERIFY_INTERFACE_HEADER_SETS ON)
set(THREADS_PREFER_PTHREAD_FLAG ON)

add_library(dm_options INTERFACE)
target_compile_options(dm_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  -Wnon-virtual-dtor -Woverloaded-virtual -Wnull-dereference -Wimplicit-fallthrough
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>
  $<$<BOOL:${DM_WERROR}>:-Werror>)
target_compile_definitions(dm_options INTERFACE
  DM_VERSION="${PROJECT_VERSION}"
  $<$<BOOL:${DM_ASSERTIONS}>:_GLIBCXX_ASSERTIONS>)
target_include_directories(dm_options INTERFACE "${CMAKE_SOURCE_DIR}")

if(DM_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_link_options(-fuse-ld=lld) # a quarter of the time that the usual one takes for 400 MB
endif()
if(DM_SANITIZE)
  add_compile_options(-fsanitize=${DM_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${DM_SANITIZE})
endif()
if(DM_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(DM_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()
if(DM_LTO)
  set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
endif()
if(DM_TIDY)
  set(CMAKE_CXX_CLANG_TIDY clang-tidy --quiet)
endif()

# dm_library(NAME SOURCES a.cpp … HEADERS a.hpp … [LINK public targets] [PRIVATE private targets])
# A folder's library. That its headers are self-contained is shown for a.hpp by a.cpp, which includes
# it first (CheckLayering), and for the others by all_verify_interface_header_sets.
function(dm_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;HEADERS;LINK;PRIVATE" ${ARGN})
  if(arg_SOURCES)
    add_library(${name} STATIC ${arg_SOURCES})
    target_link_libraries(${name} PUBLIC ${arg_LINK} PRIVATE dm_options ${arg_PRIVATE})
    set(visibility PUBLIC)
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE ${arg_LINK})
    set(visibility INTERFACE)
  endif()
  target_include_directories(${name} ${visibility} "${CMAKE_SOURCE_DIR}")
  set(with_source ${arg_SOURCES})
  list(TRANSFORM with_source REPLACE "\\.cpp$" ".hpp")
  set(alone ${arg_HEADERS})
  list(REMOVE_ITEM alone ${with_source})
  list(REMOVE_ITEM arg_HEADERS ${alone})
  target_sources(${name} ${visibility}
    FILE_SET with_source TYPE HEADERS BASE_DIRS "${CMAKE_SOURCE_DIR}" FILES ${arg_HEADERS}
    FILE_SET alone TYPE HEADERS BASE_DIRS "${CMAKE_SOURCE_DIR}" FILES ${alone})
  set_target_properties(${name} PROPERTIES INTERFACE_HEADER_SETS_TO_VERIFY alone)
endfunction()

# dm_program(NAME SOURCES … PRIVATE targets [INSTALL]): an executable in build/<preset>/bin; INSTALL:
# one for users, which `cmake --install` and so the container image take along.
function(dm_program name)
  cmake_parse_arguments(arg "INSTALL" "" "SOURCES;PRIVATE" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE dm_options ${arg_PRIVATE})
  if(arg_INSTALL)
    install(TARGETS ${name} RUNTIME DESTINATION bin)
  endif()
endfunction()
