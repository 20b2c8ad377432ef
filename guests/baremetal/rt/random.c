/* SPDX-License-Identifier: Apache-2.0 */
#include "random.h"

u64 any(void)
{
	static u64 state = 0x9e3779b97f4a7c15;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}
