# cxedge_library(NAME folder-name SOURCES ... [PUBLIC cxedge::x ...] [PRIVATE ...]): one static
# library for each agent/ folder; the link lines say what a folder may include.
function(cxedge_library name)
    cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
    add_library(cxedge_${name} STATIC ${ARG_SOURCES})
    add_library(cxedge::${name} ALIAS cxedge_${name})
    target_link_libraries(cxedge_${name} PUBLIC ${ARG_PUBLIC} PRIVATE cxedge::options ${ARG_PRIVATE})
endfunction()

# cxedge_executable(name SOURCES ... LINK ...): lands in bin/.
function(cxedge_executable name)
    cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
    add_executable(${name} ${ARG_SOURCES})
    target_link_libraries(${name} PRIVATE cxedge::options ${ARG_LINK})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
endfunction()

# cxedge_plugin(name SUMMARY text CLASS Class HEADER file SOURCES ... RUNS in_agent|own_process
#               [EXECUTABLE program [OWN_MAIN] [PACKAGE devices|probes]] [LINK ...]): a plugin folder.
# Builds library plugin_<name>; registers it in the table that cxedged is generated from. A plugin that
# runs in its own process names its program; with OWN_MAIN the folder builds that itself, else it is
# made here and packaged with cxedge-<PACKAGE> (devices), see cxedge_list_programs.
function(cxedge_plugin name)
    cmake_parse_arguments(
        ARG "OWN_MAIN" "SUMMARY;CLASS;HEADER;RUNS;EXECUTABLE;PACKAGE" "SOURCES;LINK" ${ARGN})
    if(ARG_SOURCES)
        add_library(cxedge_plugin_${name} STATIC ${ARG_SOURCES})
        target_link_libraries(cxedge_plugin_${name}
            PUBLIC cxedge::plugin_api PRIVATE cxedge::options ${ARG_LINK})
    endif()
    set_property(GLOBAL APPEND PROPERTY CXEDGE_PLUGINS ${name})
    foreach(key SUMMARY CLASS HEADER RUNS EXECUTABLE)
        set_property(GLOBAL PROPERTY CXEDGE_PLUGIN_${name}_${key} "${ARG_${key}}")
    endforeach()
    set_property(GLOBAL PROPERTY CXEDGE_PLUGIN_${name}_DIR ${CMAKE_CURRENT_SOURCE_DIR})
    if(NOT ARG_PACKAGE)
        set(ARG_PACKAGE devices)
    endif()
    if(ARG_RUNS STREQUAL "own_process" AND NOT ARG_OWN_MAIN)
        cxedge_plugin_program(
            ${ARG_EXECUTABLE} cxedge_plugin_${name} ${ARG_CLASS} ${ARG_HEADER} ${ARG_PACKAGE})
    endif()
endfunction()

# cxedge_probe(name SUMMARY text CLASS Class HEADER file SOURCES ... [LINK ...]): plugin probe_<name> of
# a class that derives from ProbeSource, in package cxedge-probes; `cxctl probe run` knows it as <name>.
function(cxedge_probe name)
    cmake_parse_arguments(ARG "" "PLUGIN;CLASS;HEADER" "" ${ARGN})
    if(NOT ARG_PLUGIN)
        set(ARG_PLUGIN probe_${name})
    endif()
    string(REPLACE "_" "-" program "cxedge-${ARG_PLUGIN}")
    cxedge_plugin(${ARG_PLUGIN} ${ARG_UNPARSED_ARGUMENTS} CLASS ${ARG_CLASS} HEADER ${ARG_HEADER}
        RUNS own_process EXECUTABLE ${program} PACKAGE probes)
    target_link_libraries(cxedge_plugin_${ARG_PLUGIN} PUBLIC cxedge::probes)
    set_property(GLOBAL APPEND PROPERTY CXEDGE_PROBES ${name})
    set_property(GLOBAL PROPERTY CXEDGE_PROBE_${name}_PLUGIN ${ARG_PLUGIN})
endfunction()

# The process of a plugin that needs nothing but to be served.
function(cxedge_plugin_program program library class header package)
    set(main ${CMAKE_CURRENT_BINARY_DIR}/${program}.cpp)
    file(CONFIGURE OUTPUT ${main} @ONLY CONTENT "// Written by CMake (cxedge_plugin).
// NOLINTBEGIN
#include \"@header@\"

#include <cstdio>
#include <exception>

#include \"agent/plugin_api/plugin_main.hpp\"

int main() {
    try {
        return cxedge::plugin_main<@class@>();
    } catch (const std::exception& error) {  // out of memory and the like: cxedged starts it again
        std::fputs(error.what(), stderr);
        return 1;
    }
}
// NOLINTEND
")
    cxedge_executable(${program} SOURCES ${main} LINK ${library} cxedge::plugin_api)
    cxedge_package_program(${package} ${program})
endfunction()

function(cxedge_package_program package program)
    set_property(GLOBAL APPEND PROPERTY CXEDGE_PROGRAMS_${package} ${program})
    add_dependencies(product ${program})
endfunction()

# cxedge_write_probe_table(file libraries-out): what `cxctl probe run` knows of each probe.
function(cxedge_write_probe_table file libraries_out)
    get_property(names GLOBAL PROPERTY CXEDGE_PROBES)
    list(SORT names)
    set(includes "")
    set(rows "")
    set(libraries "")
    foreach(name ${names})
        get_property(plugin GLOBAL PROPERTY CXEDGE_PROBE_${name}_PLUGIN)
        foreach(key CLASS HEADER SUMMARY)
            get_property(${key} GLOBAL PROPERTY CXEDGE_PLUGIN_${plugin}_${key})
        endforeach()
        string(APPEND includes "#include \"${HEADER}\"\n")
        string(APPEND rows "        {\"${name}\", \"${SUMMARY}\",
         []() -> std::unique_ptr<ProbeSource> { return std::make_unique<${CLASS}>(); },
         &${CLASS}::settings_help},\n")
        list(APPEND libraries cxedge_plugin_${plugin})
    endforeach()
    file(CONFIGURE OUTPUT ${file} @ONLY CONTENT "// Written by CMake from the plugin folders.
// NOLINTBEGIN
#include \"plugins/_probes/command/probe_table.hpp\"

@includes@
namespace cxedge::probes {

const std::vector<ProbeType>& probe_table() {
    static const std::vector<ProbeType> table{
@rows@    };
    return table;
}

}  // namespace cxedge::probes
// NOLINTEND
")
    set(${libraries_out} ${libraries} PARENT_SCOPE)
endfunction()

# The programs of packages cxedge-devices and cxedge-probes, one a line.
function(cxedge_list_programs package file)
    get_property(programs GLOBAL PROPERTY CXEDGE_PROGRAMS_${package})
    list(SORT programs)
    list(JOIN programs "\n" text)
    file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/${file} CONTENT "${text}\n" @ONLY)
endfunction()

# cxedge_test(folder LINK ...): one Catch2 executable of all *_test.cpp here; each TEST_CASE becomes
# one ctest named after it, labelled with LABEL. Target tests_<LABEL> builds all of a label. A case tagged
# [native] needs what qemu-user does not have; the tag behind it names that. ctest lists it as disabled there.
# ALONE: they measure times, so that nothing else may run meanwhile. ONE_THREAD: and nothing that waits
# for the outside; the thread sanitizer has nothing to say there.
function(cxedge_test name)
    cmake_parse_arguments(ARG "ALONE;ONE_THREAD" "LABEL" "LINK;SOURCES" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS *_test.cpp)
    add_executable(test_${name} ${sources} ${ARG_SOURCES})
    target_link_libraries(test_${name} PRIVATE cxedge::options cxedge::test_support ${ARG_LINK})
    if(ARG_ONE_THREAD AND CXEDGE_SANITIZE STREQUAL "thread")
        set_target_properties(test_${name} PROPERTIES EXCLUDE_FROM_ALL TRUE)
        return()
    endif()
    if(NOT TARGET tests_${ARG_LABEL})
        add_custom_target(tests_${ARG_LABEL})
        add_dependencies(tests tests_${ARG_LABEL})
    endif()
    add_dependencies(tests_${ARG_LABEL} test_${name})
    set(emulated)
    set(timeout_s 300)
    set(alone)
    if(ARG_ALONE)
        set(alone RUN_SERIAL TRUE)
    endif()
    if(CMAKE_CROSSCOMPILING)
        set(emulated TEST_SPEC "~[native]")
        set(timeout_s 3600)  # an emulator is slow, not stuck
        cxedge_list_native_cases(${name} ${ARG_LABEL} "${sources}")
    endif()
    catch_discover_tests(test_${name} ${emulated}
        TEST_PREFIX "${name}." PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${timeout_s} ${alone})
endfunction()

# What an emulator cannot run stays in ctest's list, and says what is missing there.
function(cxedge_list_native_cases name label sources)
    set(text)
    foreach(source ${sources})
        file(READ ${source} one)
        string(APPEND text "${one}")
    endforeach()
    foreach(missing seccomp SO_RXQ_OVFL V4L2 MSG_ERRQUEUE SO_TIMESTAMPING TCP_INFO TIOCGEXCL posix_spawn)
        string(FIND "${text}" "[native][${missing}]" at)
        if(NOT at EQUAL -1)
            catch_discover_tests(test_${name} TEST_SPEC "[native][${missing}]" TEST_PREFIX "${name}."
                TEST_SUFFIX " (qemu has no ${missing})" PROPERTIES LABELS ${label} DISABLED TRUE)
        endif()
    endforeach()
endfunction()
