# Every third-party package is found here and wrapped, so that a toolchain can swap its source.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(Protobuf REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
pkg_check_modules(MOSQUITTO REQUIRED IMPORTED_TARGET libmosquitto)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(LIBCRYPTO REQUIRED IMPORTED_TARGET GLOBAL libcrypto)

add_library(cxedge_mosquitto ALIAS PkgConfig::MOSQUITTO)
add_library(cxedge_sqlite ALIAS PkgConfig::SQLITE)
add_library(cxedge_zstd ALIAS PkgConfig::ZSTD)
# Header-only packages without a CMake config on Debian 12.
find_path(TOMLPLUSPLUS_INCLUDE toml++/toml.h REQUIRED)
find_path(NLOHMANN_INCLUDE nlohmann/json.hpp REQUIRED)
find_path(CLI11_INCLUDE CLI/CLI.hpp REQUIRED)
