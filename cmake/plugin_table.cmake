# cxedge_write_plugin_table(file libraries-out): C++ source with one line for each plugin folder; no
# self-registration, no dlopen.
function(cxedge_write_plugin_table file libraries_out)
    get_property(names GLOBAL PROPERTY CXEDGE_PLUGINS)
    list(SORT names)
    set(includes "")
    set(rows "")
    set(libraries "")
    foreach(name ${names})
        foreach(key CLASS HEADER RUNS EXECUTABLE)
            get_property(${key} GLOBAL PROPERTY CXEDGE_PLUGIN_${name}_${key})
        endforeach()
        if(RUNS STREQUAL "in_agent")
            string(APPEND includes "#include \"${HEADER}\"\n")
            list(APPEND libraries cxedge_plugin_${name})
            set(make "[]() -> std::unique_ptr<Source> { return std::make_unique<${CLASS}>(); }")
        else()
            set(make "nullptr")
        endif()
        string(APPEND rows "        {\"${name}\", ${make}, \"${EXECUTABLE}\"},\n")
    endforeach()
    file(CONFIGURE OUTPUT ${file} @ONLY CONTENT "// Written by CMake from the plugin folders.
// NOLINTBEGIN
#include \"agent/app/plugin_table.hpp\"

@includes@
namespace cxedge::app {

const std::vector<PluginInfo>& plugin_table() {
    static const std::vector<PluginInfo> table{
@rows@    };
    return table;
}

}  // namespace cxedge::app
// NOLINTEND
")
    set(${libraries_out} ${libraries} PARENT_SCOPE)
endfunction()

# cxedge_write_plugin_list(file): what `cxctl plugins` tells of each plugin folder.
function(cxedge_write_plugin_list file)
    get_property(names GLOBAL PROPERTY CXEDGE_PLUGINS)
    list(SORT names)
    set(rows "")
    foreach(name ${names})
        get_property(SUMMARY GLOBAL PROPERTY CXEDGE_PLUGIN_${name}_SUMMARY)
        get_property(DIR GLOBAL PROPERTY CXEDGE_PLUGIN_${name}_DIR)
        file(READ ${DIR}/sample.toml sample)
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${DIR}/sample.toml)
        string(APPEND rows "        {\"${name}\", \"${SUMMARY}\", R\"toml(${sample})toml\"},\n")
    endforeach()
    file(CONFIGURE OUTPUT ${file} @ONLY CONTENT "// Written by CMake from the plugin folders.
// NOLINTBEGIN
#include \"agent/ctl/plugins.hpp\"

namespace cxedge::ctl {

const std::vector<PluginEntry>& plugin_list() {
    static const std::vector<PluginEntry> list{
@rows@    };
    return list;
}

}  // namespace cxedge::ctl
// NOLINTEND
")
endfunction()
