# Every first-party target links cxedge::options; third-party code never does.
option(CXEDGE_WARNINGS_AS_ERRORS "Treat warnings as errors (presets switch it on)" OFF)
set(CXEDGE_SANITIZE "" CACHE STRING "Sanitizers for all first-party code: address,undefined or thread")

add_library(cxedge_options INTERFACE)
add_library(cxedge::options ALIAS cxedge_options)
target_compile_features(cxedge_options INTERFACE cxx_std_20)
target_include_directories(cxedge_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(cxedge_options INTERFACE
    -Wall -Wextra -Wpedantic
    -Wshadow                # one name, one thing
    -Wconversion -Wsign-conversion  # silent narrowing corrupts counts
    -Wold-style-cast -Wcast-align   # ARM traps on what x86 forgives
    -Wnon-virtual-dtor -Woverloaded-virtual -Wsuggest-override
    -Wformat=2 -Wimplicit-fallthrough
    $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond;-Wlogical-op>
    # gcc 12 sees overlaps in std::string's operator+ that are not there (GCC bug 105651).
    $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
    # In a unity build every file looks like a header to gcc.
    $<$<AND:$<CXX_COMPILER_ID:GNU>,$<BOOL:${CMAKE_UNITY_BUILD}>>:-Wno-subobject-linkage>
    $<$<BOOL:${CXEDGE_WARNINGS_AS_ERRORS}>:-Werror>)
if(CXEDGE_SANITIZE)
    target_compile_options(cxedge_options INTERFACE
        -fsanitize=${CXEDGE_SANITIZE} -g1 -fno-omit-frame-pointer -fno-sanitize-recover=all)
    # Every check has a record that a program at any address would have to relocate: a third of its size.
    target_link_options(cxedge_options INTERFACE -fsanitize=${CXEDGE_SANITIZE} -no-pie)
endif()

option(CXEDGE_COVERAGE "Count executed lines (gcov)" OFF)
if(CXEDGE_COVERAGE)
    target_compile_options(cxedge_options INTERFACE --coverage -fprofile-update=atomic)
    target_link_options(cxedge_options INTERFACE --coverage)
endif()

# Loads fast, exports nothing, leaves no room for the usual overwrites. Generated code too.
add_library(cxedge_hardening INTERFACE)
target_link_libraries(cxedge_options INTERFACE cxedge_hardening)
if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo" OR CMAKE_BUILD_TYPE STREQUAL "Release")
    target_compile_options(cxedge_hardening INTERFACE
        -ffunction-sections -fdata-sections -fstack-protector-strong -D_FORTIFY_SOURCE=2
        # No path of this machine in a binary: a commit gives the same bytes wherever it is built.
        -ffile-prefix-map=${PROJECT_SOURCE_DIR}=.)
    target_link_options(cxedge_hardening INTERFACE -Wl,--gc-sections -Wl,-z,relro,-z,now -Wl,--as-needed)
endif()

find_program(CXEDGE_CCACHE ccache)
if(CXEDGE_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CXEDGE_CCACHE})
endif()
