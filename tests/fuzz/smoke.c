/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target for some seconds without libFuzzer: any compiler with sanitizers will do, and
 * the same seed gives the same inputs. It finds what shallow mutation of good inputs finds; for
 * more, build the target with clang as its first lines say.
 *
 * usage: smoke SECONDS SEED CRASH-FILE INPUT...
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_INPUT 65536
#define MAX_SEEDS 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t *seed[MAX_SEEDS];
static size_t seed_size[MAX_SEEDS];
static unsigned int seed_count;
static uint8_t input[MAX_INPUT];
static size_t input_size;
static const char *crash_file;
static uint64_t state;

/* xorshift64*: S. Vigna, "An experimental exploration of Marsaglia's xorshift generators". */
static uint64_t number(uint64_t below)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return below == 0 ? 0 : (state * 0x2545f4914f6cdd1dull >> 11) % below;
}

static void save_input(int sig)
{
	FILE *f = fopen(crash_file, "wb");

	if (f != NULL) {
		fwrite(input, 1, input_size, f);
		fclose(f);
		fprintf(stderr, "the input is in %s\n", crash_file);
	}
	signal(sig, SIG_DFL);
	raise(sig);
}

static void read_seed(const char *path)
{
	FILE *f = fopen(path, "rb");

	if (f == NULL || seed_count == MAX_SEEDS) {
		fprintf(stderr, "cannot take %s\n", path);
		exit(2);
	}
	seed[seed_count] = malloc(MAX_INPUT);
	seed_size[seed_count] = fread(seed[seed_count], 1, MAX_INPUT, f);
	seed_count++;
	fclose(f);
}

/* Give `n` bytes at `at` way to `m` bytes of `with`. */
static void splice(size_t at, size_t n, const uint8_t *with, size_t m)
{
	if (input_size - n + m > MAX_INPUT) {
		return;
	}
	memmove(input + at + m, input + at + n, input_size - at - n);
	memmove(input + at, with, m);
	input_size += m - n;
}

static void mutate(void)
{
	static const uint64_t odd[] = { 0, 1, 2, 3, 4, 8, 16, 0x7f, 0x80, 0xff, 0x1000, 0x7fffffff,
					0x80000000, 0xfffffff8, 0xffffffff, 0x7fffffffffffffff,
					0x8000000000000000, 0xfffffffffffff000, ~0ull };
	size_t at = number(input_size + 1), n = number(1u << number(8)), i, width = 1u << number(4);
	static uint8_t other[MAX_INPUT];
	uint64_t v = odd[number(sizeof(odd) / sizeof(odd[0]))];
	unsigned int from;

	n = n < input_size - at ? n : input_size - at;
	switch (number(7)) {
	case 0: /* a bit */
		if (at < input_size) {
			input[at] ^= (uint8_t)(1u << number(8));
		}
		break;
	case 1: /* a byte */
		if (at < input_size) {
			input[at] = (uint8_t)number(256);
		}
		break;
	case 2: /* a number of either byte order */
	case 3:
		for (i = 0; i < width && input_size >= width && at <= input_size - width; i++) {
			input[at + i] = (uint8_t)(v >> 8 * (number(2) ? i : width - 1 - i));
		}
		break;
	case 4: splice(at, n, input, 0); break; /* less */
	case 5: /* something twice */
		memcpy(other, input + at, n);
		splice(number(input_size + 1), 0, other, n);
		break;
	default: /* something of another input */
		from = (unsigned int)number(seed_count);
		i = number(seed_size[from] + 1);
		width = number(seed_size[from] - i + 1);
		splice(at, n, seed[from] + i, width < 256 ? width : number(256));
		break;
	}
}

int main(int argc, char **argv)
{
	unsigned long runs = 0, k;
	time_t end;
	int i;

	if (argc < 5) {
		fprintf(stderr, "usage: smoke SECONDS SEED CRASH-FILE INPUT...\n");
		return 2;
	}
	crash_file = argv[3];
	signal(SIGABRT, save_input);
	for (i = 4; i < argc; i++) {
		read_seed(argv[i]);
	}
	state = strtoull(argv[2], NULL, 0) | 1;
	for (i = 0; i < (int)seed_count; i++) { /* as they are first */
		input_size = seed_size[i];
		memcpy(input, seed[i], input_size);
		LLVMFuzzerTestOneInput(input, input_size);
	}
	end = time(NULL) + atoi(argv[1]);
	while (time(NULL) < end) {
		i = (int)number(seed_count);
		input_size = seed_size[i];
		memcpy(input, seed[i], input_size);
		for (k = 1 + number(1u << number(5)); k > 0; k--) {
			mutate();
		}
		alarm(20); /* one input never takes as long */
		LLVMFuzzerTestOneInput(input, input_size);
		runs++;
	}
	printf("%lu inputs\n", runs);
	return 0;
}
