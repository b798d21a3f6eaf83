// SPDX-License-Identifier: Apache-2.0
#include "agent/config/catalogue_file.hpp"

#include "agent/config/text_checks.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/config/config_files.hpp"

using namespace cxedge;  // NOLINT(google-build-using-namespace) every name here is the agent's
using test::ConfigFiles;
using Lines = std::vector<std::string>;

namespace {

const std::string kQueue =
    "[[metric]]\nname = \"store.queue.length\"\nkind = \"gauge\"\nunit = \"{person}\"\n"
    "definition = \"People waiting in a queue.\"\n";

Lines catalogue_problems(const std::string& catalogue) {
    const ConfigFiles files;
    files.write("catalogue.toml", catalogue);
    return files.problems("");
}

}  // namespace

TEST_CASE("catalogue: an entry is read whole", "[config]") {
    const ConfigFiles files;
    files.write("catalogue.toml", kQueue);
    const auto loaded = files.load("");
    REQUIRE(loaded.ok());
    REQUIRE(loaded->config.catalogue.size() == 1);
    const CatalogueEntry& entry = loaded->config.catalogue.at("store.queue.length");
    CHECK(entry.metric == "store.queue.length");
    CHECK(entry.kind == Kind::gauge);
    CHECK(entry.unit == "{person}");
    CHECK(entry.definition == "People waiting in a queue.");
}

TEST_CASE("catalogue: mistakes have their place", "[config]") {
    CHECK(
        catalogue_problems(
            "[[metric]]\nname = \"a b\"\nkind = \"gage\"\nunit = \"bytes\"\ndefinition = "
            "\"x\"\nunits = 1\n"
        ) ==
        Lines{
            "catalogue.toml:2:8: metric.a b.name: \"a b\" may hold only letters, digits and ._/-",
            "catalogue.toml:3:8: metric.a b.kind: \"gage\" is not one of \"gauge\", \"counter\", "
            "\"delta\", \"histogram\", \"state\"; did you mean \"gauge\"?",
            "catalogue.toml:4:8: metric.a b.unit: \"bytes\" is not a UCUM unit; did you mean "
            "\"By\"?",
            "catalogue.toml:5:14: metric.a b.definition: needs a sentence that says what is "
            "measured",
            "catalogue.toml:6:1: metric.a b.units: unknown setting; did you mean \"unit\"?",
        }
    );
    CHECK(catalogue_problems("[[metric]]\n").size() == 4);
    CHECK(
        catalogue_problems("metric = 3\n") ==
        Lines{"catalogue.toml:1:10: metric: is not a list of tables: write [[metric]]"}
    );
    CHECK(
        catalogue_problems("[[metrics]]\n") ==
        Lines{"catalogue.toml:1:3: metrics: unknown setting; did you mean \"metric\"?"}
    );
    CHECK(
        catalogue_problems(kQueue + kQueue) ==
        Lines{"catalogue.toml:6:1: metric.store.queue.length: is defined twice"}
    );
}

TEST_CASE(
    "catalogue: a site's own one adds to the common one, relative to the file that names it",
    "[config]"
) {
    const ConfigFiles files;
    files.write("catalogue.toml", kQueue);
    files.write(
        "own.toml",
        "[[metric]]\nname = \"till.scans\"\nkind = \"counter\"\nunit = \"{item}\"\ndefinition = "
        "\"Items scanned.\"\n"
    );
    const auto relative = files.load("[agent]\ncatalogue = \"own.toml\"\n");
    REQUIRE(relative.ok());
    CHECK(relative->config.catalogue.size() == 2);
    CHECK(files.load("[agent]\ncatalogue = \"" + files.path("own.toml") + "\"\n").ok());

    files.write("own.toml", kQueue);
    CHECK(
        files.problems("[agent]\ncatalogue = \"own.toml\"\n") ==
        Lines{"own.toml:1:1: metric.store.queue.length: is defined twice"}
    );
    CHECK(
        files.problems("[agent]\ncatalogue = \"none.toml\"\n") ==
        Lines{"catalogue: none.toml: No such file or directory"}
    );
}

TEST_CASE("unit check: UCUM forms pass, everyday spellings get a suggestion", "[config]") {
    for (const std::string unit :
         {"1",
          "s",
          "ms",
          "By",
          "{person}",
          "[ppm]",
          "bit/s",
          "Cel",
          "%",
          "dBm",
          "{frame}/s",
          "m2",
          "kW.h",
          "10*3"}) {
        CAPTURE(unit);
        CHECK(config::check_unit(unit).empty());
    }
    for (const std::string unit :
         {"",
          " ",
          "a b",
          "{x",
          "x}",
          "{}",
          "[}",
          "{{x}}",
          "\xc2\xb5s",
          "per minute",
          "0123456789012345678901234567890123"}) {
        CAPTURE(unit);
        CHECK_FALSE(config::check_unit(unit).empty());
    }
    CHECK(config::check_unit("seconds") == R"("seconds" is not a UCUM unit; did you mean "s"?)");
    CHECK(config::check_unit("percent") == R"("percent" is not a UCUM unit; did you mean "%"?)");
    CHECK(config::check_unit("a b") == R"("a b" is not a UCUM unit, like "s" or "{person}")");
}
