# Debian's cross compilers against a root made by cross/sysroot.sh. Presets arm64 and armhf set
# CXEDGE_CROSS_ARCH; by hand: cmake --toolchain cross/toolchain.cmake -DCXEDGE_CROSS_ARCH=arm64
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES CXEDGE_CROSS_ARCH)
set(CMAKE_SYSTEM_NAME Linux)
if(CXEDGE_CROSS_ARCH STREQUAL "arm64")
    set(CMAKE_SYSTEM_PROCESSOR aarch64)
    set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
    set(emulator qemu-aarch64-static)
elseif(CXEDGE_CROSS_ARCH STREQUAL "armhf")
    set(CMAKE_SYSTEM_PROCESSOR armv7l)
    set(CMAKE_LIBRARY_ARCHITECTURE arm-linux-gnueabihf)
    set(emulator qemu-arm-static)
    # A box of 2026 is meant to run past January 2038. Debian 12 built its armhf libraries with 32
    # bits of time: no time_t may cross from our code into one of them (cross/README.md).
    # psabi: a thousand notes on what GCC 7 changed.
    set(CMAKE_CXX_FLAGS_INIT "-D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64 -Wno-psabi")
else()
    message(FATAL_ERROR "CXEDGE_CROSS_ARCH is '${CXEDGE_CROSS_ARCH}': arm64 or armhf")
endif()
set(CMAKE_C_COMPILER ${CMAKE_LIBRARY_ARCHITECTURE}-gcc)
set(CMAKE_CXX_COMPILER ${CMAKE_LIBRARY_ARCHITECTURE}-g++)

get_filename_component(CMAKE_SYSROOT ${CMAKE_CURRENT_LIST_DIR}/../build/sysroot/${CXEDGE_CROSS_ARCH} ABSOLUTE)
if(NOT EXISTS ${CMAKE_SYSROOT}/usr/include)
    message(FATAL_ERROR "no root file system at ${CMAKE_SYSROOT}: run cross/sysroot.sh ${CXEDGE_CROSS_ARCH}")
endif()
# Programs (protoc, git) are this machine's, of the same Debian release; all else is the box's.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_PATH} "")
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${CMAKE_SYSROOT})
set(ENV{PKG_CONFIG_LIBDIR}
    "${CMAKE_SYSROOT}/usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/pkgconfig:${CMAKE_SYSROOT}/usr/share/pkgconfig")

# ctest runs each test through it; processes that a test starts need binfmt (cross/binfmt.sh).
set(CMAKE_CROSSCOMPILING_EMULATOR "${emulator};-L;${CMAKE_SYSROOT}")
