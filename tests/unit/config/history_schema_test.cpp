// SPDX-License-Identifier: Apache-2.0
#include "tests/support/catch.hpp"
#include "tests/unit/config/config_files.hpp"

namespace cxedge::test {
namespace {

using Lines = std::vector<std::string>;

TEST_CASE("history_schema: ages must rise", "[config]") {
    const ConfigFiles files;
    CHECK(
        files.problems("[history]\nraw_days = 8\nquarter_hour_days = 5\nkeep_days = 4\n") ==
        Lines{
            "site.toml:2:12: history.raw_days: must not be more than minute_days, which is 7",
            "site.toml:3:21: history.quarter_hour_days: must not be less than minute_days, which "
            "is 7",
            "site.toml:4:13: history.keep_days: must not be less than quarter_hour_days, which is "
            "5"}
    );
    CHECK(files.load("[history]\nenabled = true\nquota_mib = 16\n").ok());
}

}  // namespace
}  // namespace cxedge::test
