// What a question to the subexpression relation costs: random parts against random wholes, each pair once, so that no
// answer is remembered. Prints nanoseconds a question, the share kept, and the time to build the terms.
// Usage: node bench/expression.ts [wholes] [seed]

import { createExpressions, type ExpressionId, type Expressions } from "#shared/expression/expression.ts";
import { createRandom, type Random } from "#shared/numeric/random.ts";

const partsEach = 1000;
const wholesDefault = 100;
const roundsMeasured = 5;
const extents = [8, 64, 64, 64];
const inputAxes = [[0, 1], [1, 2], [2, 3], [0, 3], [1], []];

function randomExpression(e: Expressions, random: Random, depth: number): ExpressionId {
	const inner = (): ExpressionId => randomExpression(e, random, depth - 1);
	const kind = depth === 0 ? 9 : random.nextBelow(10);
	if (kind < 2) return e.add(inner(), inner());
	if (kind < 5) return e.multiply(inner(), inner());
	if (kind === 5) return e.divide(inner(), inner());
	if (kind === 6) return e.exp(inner());
	if (kind === 7) return e.sqrt(inner());
	if (kind === 8) {
		const a = inner();
		return e.sum(a, e.freeAxes(a).slice(0, 1));
	}
	const at = random.nextBelow(inputAxes.length);
	return e.input(`x${at}`, inputAxes[at] ?? []);
}

/** Of this process: other load on the machine does not count. */
function cpuMilliseconds(): number {
	const { user, system } = process.cpuUsage();
	return (user + system) / 1000;
}

function measure(wholes: number, seed: number): void {
	const random = createRandom(seed);
	const e = createExpressions(extents);
	const started = cpuMilliseconds();
	const targets = Array.from({ length: wholes }, () => randomExpression(e, random, 4));
	const parts = Array.from({ length: partsEach }, () => randomExpression(e, random, 3));
	const built = cpuMilliseconds();
	const questions = wholes * partsEach;
	let kept = 0;
	for (const whole of targets) for (const part of parts) if (e.isSubexpression(part, whole)) kept++;
	const asked = cpuMilliseconds();
	for (const whole of targets) for (const part of parts) e.isSubexpression(part, whole);
	const again = cpuMilliseconds();
	const nanoseconds = (from: number, to: number): string => (((to - from) * 1e6) / questions).toFixed(0);
	console.log(
		[
			`seed ${seed}: ${questions} questions, ${((100 * kept) / questions).toFixed(1)} % kept`,
			`first time ${nanoseconds(built, asked)} ns each (contexts of ${wholes} wholes included)`,
			`again ${nanoseconds(asked, again)} ns`,
			`${wholes + partsEach} terms built in ${(built - started).toFixed(0)} ms`,
		].join("; "),
	);
}

const wholes = Number(process.argv[2] ?? wholesDefault);
const firstSeed = Number(process.argv[3] ?? 1);
for (let round = 0; round < roundsMeasured; round++) measure(wholes, firstSeed + round);
