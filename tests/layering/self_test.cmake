# Runs the layering check on the small tree violations/, which breaks every rule, and compares what
# it says with expected.txt, line by line.
cmake_minimum_required(VERSION 3.25)

set(here "${SOURCE}/tests/layering")
set(tree "${WORK}/violations")
file(REMOVE_RECURSE "${tree}")
file(COPY "${here}/violations" DESTINATION "${WORK}")
string(REPEAT "//\n" 501 long)
file(WRITE "${tree}/device-mgmt/core/long.cpp" "${long}")

execute_process(COMMAND "${CMAKE_COMMAND}" "-DROOT=${tree}" -P "${SOURCE}/cmake/CheckLayering.cmake"
  RESULT_VARIABLE result ERROR_VARIABLE said OUTPUT_QUIET)
if(result EQUAL 0)
  message(FATAL_ERROR "the check passed a tree full of violations")
endif()
string(REGEX REPLACE "\n\nCMake Error.*" "\n" said "${said}")
file(READ "${here}/expected.txt" expected)
if(NOT said STREQUAL expected)
  message(FATAL_ERROR "expected:\n${expected}\nbut it said:\n${said}")
endif()
