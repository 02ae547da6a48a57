const twoOverRootPi = 1.1283791670955126;
/** Beyond this, 1 - erf(x) is below half a unit in the last place of 1. */
const saturatesAt = 6;
/** Where the power series hands over to the continued fraction: both keep 1e-15 there. */
const seriesUpTo = 2.5;

/**
 * erf(x) to about 1e-15. Below 2.5 the series  2/√π · exp(-x²) · Σ 2ⁿ x²ⁿ⁺¹ / (2n+1)!!  (Abramowitz and Stegun 7.1.6,
 * no cancellation); above it the continued fraction of erfc (7.1.14), evaluated backwards.
 */
export function errorFunction(x: number): number {
	const magnitude = Math.abs(x);
	if (Number.isNaN(x)) return x;
	if (magnitude >= saturatesAt) return Math.sign(x);
	if (magnitude < seriesUpTo) {
		let term = magnitude;
		let sum = magnitude;
		for (let n = 1; term > sum * 1e-17; n++) {
			term *= (2 * magnitude * magnitude) / (2 * n + 1);
			sum += term;
		}
		return Math.sign(x) * twoOverRootPi * Math.exp(-magnitude * magnitude) * sum;
	}
	let fraction = magnitude;
	for (let n = 60; n >= 1; n--) fraction = magnitude + n / 2 / fraction;
	const complement = (Math.exp(-magnitude * magnitude) * twoOverRootPi) / 2 / fraction;
	return Math.sign(x) * (1 - complement);
}
