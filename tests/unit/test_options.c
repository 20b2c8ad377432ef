/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor's own options: every word, what is no word, and where that stands. */
#include <errno.h>
#include "tests/unit/test.h"
#include "core/options.h"

static char text[1024];
static struct options o;
static struct diag d;

static void emit(struct diag *diag, enum diag_kind k, const char *line)
{
	size_t n = strlen(text);

	(void)diag;
	(void)k;
	snprintf(text + n, sizeof(text) - n, "%s%s", n != 0 ? "\n" : "", line);
}

static int parse_on(const char *words, bool foreign)
{
	text[0] = '\0';
	d = (struct diag){ .emit = emit };
	return options_parse(&o, words, "boot", foreign, &d);
}

static int parse(const char *words)
{
	memset(&o, 0, sizeof(o));
	return parse_on(words, false);
}

static bool nothing_set(void)
{
	return o.verbose == 0 && !o.check_crc && !o.bench && !o.scrub_boot && o.earlycon == NULL &&
	       o.mitigations == OPT_MITIGATIONS_AUTO;
}

static void nothing(void)
{
	CHECK_EQ(parse(""), 0);
	CHECK_EQ(parse(" \t\n "), 0);
	CHECK(nothing_set());
	CHECK_STR(text, "");
}

static void each_word_alone(void)
{
	CHECK(parse("-v") == 0 && o.verbose == 1);
	CHECK(parse("-vvv") == 0 && o.verbose == 3);
	CHECK(parse("-c") == 0 && o.check_crc && o.verbose == 0);
	CHECK(parse("bench") == 0 && o.bench);
	CHECK(parse("scrub=boot") == 0 && o.scrub_boot);
	CHECK(parse("watchdog=stop") == 0 && o.watchdog == HOST_WDT_STOP);
	CHECK(parse("watchdog=kick") == 0 && o.watchdog == HOST_WDT_KICK);
	CHECK(parse("watchdog=leave") == 0 && o.watchdog == HOST_WDT_LEAVE);
	CHECK_EQ(parse("watchdog=on"), -EINVAL);
	CHECK(parse("trace") == 0 && o.trace == MiB(1));
	CHECK(parse("trace=64K") == 0 && o.trace == KiB(64));
	CHECK_EQ(parse("trace=3K"), -EINVAL);
	CHECK_EQ(parse("trace="), -EINVAL);
	CHECK(parse("escape=^a") == 0 && o.escape == 1);
	CHECK(parse("escape=^]") == 0 && o.escape == 0x1d);
	CHECK(parse("escape=^_") == 0 && o.escape == 0x1f);
	CHECK(parse("escape=none") == 0 && o.escape == -1);
	CHECK(parse("earlycon=pl011,0x9000000") == 0);
	CHECK_STR(o.earlycon, "pl011,0x9000000");
	CHECK(parse("mitigations=on") == 0 && o.mitigations == OPT_MITIGATIONS_ON);
	CHECK(parse("mitigations=off") == 0 && o.mitigations == OPT_MITIGATIONS_OFF);
	o.mitigations = OPT_MITIGATIONS_ON;
	CHECK(parse_on("mitigations=auto", false) == 0 && o.mitigations == OPT_MITIGATIONS_AUTO);
	CHECK_STR(text, "");
}

static void all_words_together_and_once_more(void)
{
	CHECK_EQ(parse("  -v\t-c bench\nscrub=boot earlycon=a,1 mitigations=off -vv "), 0);
	CHECK(o.verbose == 3 && o.check_crc && o.bench && o.scrub_boot);
	CHECK_EQ(o.mitigations, OPT_MITIGATIONS_OFF);
	CHECK_EQ(strcspn(o.earlycon, " "), 3);
	/* A second text adds, its words win. */
	CHECK_EQ(parse_on("mitigations=on earlycon=b,2 -v", true), 0);
	CHECK(o.verbose == 4 && o.check_crc && o.scrub_boot);
	CHECK_EQ(o.mitigations, OPT_MITIGATIONS_ON);
	CHECK_STR(o.earlycon, "b,2 -v");
	CHECK_STR(text, "");
}

static void bad_values_are_errors_where_they_stand(void)
{
	CHECK_EQ(parse("-c mitigations=maybe"), -EINVAL);
	CHECK_STR(text, "boot:1:4: error: bad value in 'mitigations=maybe', "
			"expected mitigations=auto|on|off, scrub=boot, escape=^X|none, "
			"watchdog=kick|stop|leave or trace=4K..32M");
	CHECK(o.check_crc);
	CHECK_EQ(d.errors, 1);
	CHECK_EQ(parse("  scrub= -v mitigations=onn"), -EINVAL); /* the words between count */
	CHECK(strstr(text, "boot:1:3: error: bad value in 'scrub='") == text);
	CHECK(strstr(text, "boot:1:13: error: bad value in 'mitigations=onn'") != NULL);
	CHECK_EQ(d.errors, 2);
	CHECK_EQ(o.verbose, 1);
	CHECK(!o.scrub_boot && o.mitigations == OPT_MITIGATIONS_AUTO);
	/* Also in the words of a bootloader: it is one of ours. */
	CHECK_EQ(parse_on("scrub=always", true), -EINVAL);
	CHECK_EQ(d.errors, 1);
}

static void unknown_words(void)
{
	static const char *const none[] = { "-", "v", "-vc", "-cv", "-x", "-cc", "benchmark", "benc",
					    "scrub", "mitigations", "earlycon", "console=ttyAMA0",
					    "scrub:boot", "-V" };

	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		CHECK_EQ(parse(none[i]), 0);
		CHECK(d.warnings == 1 && d.errors == 0);
		CHECK(nothing_set());
		CHECK_EQ(parse_on(none[i], true), 0);
		CHECK(d.warnings == 0 && d.errors == 0);
	}
	CHECK_EQ(parse("-v\n\tquiet -c"), 0);
	CHECK_STR(text, "boot:1:5: warning: unknown option 'quiet', "
			"expected -v, -c, earlycon=, escape=, mitigations=, scrub=, watchdog= or trace=");
	CHECK(o.verbose == 1 && o.check_crc);
}

static void a_long_word_is_cut_in_the_message(void)
{
	char word[300];

	memset(word, 'w', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	CHECK_EQ(parse(word), 0);
	CHECK_EQ(strspn(strchr(text, '\'') + 1, "w"), 64);
	CHECK(strstr(text, "or trace=") != NULL);
}

TEST_MAIN(RUN(nothing), RUN(each_word_alone), RUN(all_words_together_and_once_more),
	  RUN(bad_values_are_errors_where_they_stand), RUN(unknown_words),
	  RUN(a_long_word_is_cut_in_the_message))
