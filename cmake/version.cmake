# The version, from git: 0.1.0+20261122134200.0b7dd6912abc is project version, time of the commit (UTC), commit;
# ".dirty" follows where files differ from it. Later commits sort behind earlier ones for dpkg, also in a
# shallow clone. Without git it is the project version alone.
# As a script (-P), at every build: writes OUTPUT (C++) and OUTPUT_TEXT where they change.

function(cxedge_version project_version source_dir version_out)
    set(ENV{TZ} UTC0)
    execute_process(
        COMMAND git -C ${source_dir} log -1 --format=%cd.%h --abbrev=12 --date=format-local:%Y%m%d%H%M%S
        OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    if(NOT commit)
        set(${version_out} "${project_version}" PARENT_SCOPE)
        return()
    endif()
    execute_process(COMMAND git -C ${source_dir} status --porcelain --untracked-files=no
        OUTPUT_VARIABLE changes ERROR_QUIET)
    if(changes)
        string(APPEND commit ".dirty")
    endif()
    set(${version_out} "${project_version}+${commit}" PARENT_SCOPE)
endfunction()

# cxedge_version_library(name): a library with cxedge::version() (agent/base/version.hpp), and a file
# VERSION in the build directory.
function(cxedge_version_library name)
    set(output ${CMAKE_CURRENT_BINARY_DIR}/version.cpp)
    add_custom_target(${name}_text BYPRODUCTS ${output} ${CMAKE_BINARY_DIR}/VERSION
        COMMAND ${CMAKE_COMMAND} -D SOURCE_DIR=${PROJECT_SOURCE_DIR} -D OUTPUT=${output}
            -D OUTPUT_TEXT=${CMAKE_BINARY_DIR}/VERSION -D PROJECT_VERSION=${PROJECT_VERSION}
            -P ${PROJECT_SOURCE_DIR}/cmake/version.cmake
        COMMENT "Asking git for the version")
    add_library(${name} STATIC ${output})
    add_dependencies(${name} ${name}_text)
    target_link_libraries(${name} PRIVATE cxedge::options)
endfunction()

if(CMAKE_SCRIPT_MODE_FILE)
    cmake_minimum_required(VERSION 3.25)
    cxedge_version(${PROJECT_VERSION} ${SOURCE_DIR} version)
    file(CONFIGURE OUTPUT ${OUTPUT_TEXT} CONTENT "@version@\n" @ONLY)
    file(CONFIGURE OUTPUT ${OUTPUT} @ONLY CONTENT "// Written by cmake/version.cmake.
#include \"agent/base/version.hpp\"

namespace cxedge {

std::string_view version() {
    return \"@version@\";
}

}  // namespace cxedge
")
endif()
