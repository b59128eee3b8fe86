# Every third-party library, as a target whose headers are SYSTEM. All are Debian 12 packages
# (scripts/lib/packages). One library may be used in one folder only: cmake/CheckLayering.cmake.

find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(tl-expected REQUIRED)
find_package(SQLite3 3.38 REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(LIBJWT REQUIRED IMPORTED_TARGET libjwt)
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis)
pkg_check_modules(JANSSON IMPORTED_TARGET jansson)

# Header-only Asio without Boost, and websocketpp on top of it.
add_library(dm_asio INTERFACE)
target_compile_definitions(dm_asio INTERFACE ASIO_STANDALONE)
target_link_libraries(dm_asio INTERFACE Threads::Threads)

add_library(dm_websocketpp INTERFACE)
target_compile_definitions(dm_websocketpp INTERFACE _WEBSOCKETPP_CPP11_STL_)
target_link_libraries(dm_websocketpp INTERFACE dm_asio)

add_library(dm_restinio INTERFACE)
target_link_libraries(dm_restinio INTERFACE dm_asio fmt::fmt http_parser)

# Paho C++ 1.2.0 for properties, and the C library beneath it: the archive, in which
# device-mgmt/broker/paho_register.cpp takes the place of two objects.
find_library(PAHO_MQTT3AS_ARCHIVE libpaho-mqtt3as.a REQUIRED)
add_library(dm_paho INTERFACE)
target_link_libraries(dm_paho INTERFACE
  ${PAHO_MQTT3AS_ARCHIVE} OpenSSL::SSL OpenSSL::Crypto Threads::Threads paho-mqttpp3)

add_library(dm_jwt INTERFACE)
target_link_libraries(dm_jwt INTERFACE PkgConfig::LIBJWT)

if(DM_TESTS)
  find_package(doctest REQUIRED)
endif()
