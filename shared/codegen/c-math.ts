// Vector functions in C: relative error 1e-7 to 4e-7, no tables, no branches. `F`, `I`, `L` stand for the vector type of
// floats, of ints, and its lanes. Polynomials are minimax fits in float64 (Lawson's algorithm), rounded to float32. What a
// processor has a better way for stands in its own prelude.

/** A function of the prelude: text with F, I, L replaced, and the functions it calls (names without the lanes). */
export interface PreludeFunction {
	readonly needs: readonly string[];
	readonly text: string;
}

/** r = `of` - q ln(2), where `rounded` is q and `magic`; e^r is 1 + r + p r^2. */
const remainder = (of: string): string => `	F q = rounded - magic;
	F r = ${of} - q * kiln_splat_L(0.693359375f);
	r = r + q * kiln_splat_L(2.12194440e-4f);
	F p = kiln_splat_L(0.00139504741f);
	p = p * r + kiln_splat_L(0.00836888235f);
	p = p * r + kiln_splat_L(0.0416662060f);
	p = p * r + kiln_splat_L(0.166665182f);
	p = p * r + kiln_splat_L(0.5f);`;

const exp = `/* e^x = 2^n e^r, |r| <= ln(2)/2; the scale in two steps reaches subnormals and infinity */
static inline F kiln_exp_L(F x) {
	const F magic = kiln_splat_L(12582912.0f);
	x = kiln_max_L(kiln_splat_L(-104.0f), kiln_min_L(kiln_splat_L(89.0f), x));
	F rounded = x * kiln_splat_L(1.44269504f) + magic;
	I n = (I)rounded - (I)magic;
${remainder("x")}
	p = p * (r * r) + (r + kiln_splat_L(1.0f));
	I half = n >> 1;
	return p * (F)((half + 127) << 23) * (F)((n - half + 127) << 23);
}`;

const expWithin = `/* e^x for -88 <= x <= 88, 0 at -88: one step of scaling, 2^n made by shifting the rounded exponent into place */
static inline F kiln_expWithin_L(F x) {
	const F magic = kiln_splat_L(12583039.0f);
	F rounded = x * kiln_splat_L(1.44269504f) + magic;
${remainder("x")}
	p = p * (r * r) + (r + kiln_splat_L(1.0f));
	return p * (F)((I)rounded << 23);
}`;

const expNonPositive = `/* e^x for x <= 0, 0 below -88: a term less than exp, one step of reduction (q < 128, so that it costs 2.5e-7 at most) */
static inline F kiln_expNonPositive_L(F x) {
	const F magic = kiln_splat_L(12583039.0f);
	x = kiln_max_L(kiln_splat_L(-88.0f), x);
	F rounded = x * kiln_splat_L(1.44269504f) + magic;
	F q = rounded - magic;
	F r = x - q * kiln_splat_L(0.693147181f);
	F p = kiln_splat_L(0.00829029763f);
	p = p * r + kiln_splat_L(0.0418980214f);
	p = p * r + kiln_splat_L(0.166676370f);
	p = p * r + kiln_splat_L(0.499991489f);
	p = p * r + kiln_splat_L(0.999999707f);
	p = p * r + kiln_splat_L(1.0f);
	return p * (F)((I)rounded << 23);
}`;

const log = `/* ln(m 2^e), sqrt(1/2) <= m < sqrt(2) */
static inline F kiln_log_L(F x) {
	I subnormal = x < kiln_splat_L(1.17549435e-38f);
	F scaled = kiln_blend_L(subnormal, x * kiln_splat_L(8388608.0f), x);
	I bits = (I)scaled;
	I e = (bits - 0x3f3504f3) >> 23;
	F f = (F)(bits - (e << 23)) - kiln_splat_L(1.0f);
	e = e - (subnormal & 23);
	F p = kiln_splat_L(-0.0785946250f);
	p = p * f + kiln_splat_L(0.128815860f);
	p = p * f + kiln_splat_L(-0.131287813f);
	p = p * f + kiln_splat_L(0.141812027f);
	p = p * f + kiln_splat_L(-0.166245520f);
	p = p * f + kiln_splat_L(0.200022861f);
	p = p * f + kiln_splat_L(-0.250008106f);
	p = p * f + kiln_splat_L(0.333333164f);
	F s = f * f;
	F k = __builtin_convertvector(e, F);
	F y = s * (f * p) - kiln_splat_L(2.12194440e-4f) * k;
	y = y - kiln_splat_L(0.5f) * s;
	y = (f + y) + kiln_splat_L(0.693359375f) * k;
	const F infinity = kiln_splat_L(__builtin_inff());
	y = kiln_blend_L(x == infinity, infinity, y);
	y = kiln_blend_L(x == kiln_splat_L(0.0f), -infinity, y);
	y = kiln_blend_L(x < kiln_splat_L(0.0f), kiln_splat_L(__builtin_nanf("")), y);
	return kiln_blend_L(x != x, x, y);
}`;

const sigmoid = `static inline F kiln_sigmoid_L(F x) {
	F bounded = kiln_max_L(kiln_splat_L(-88.0f), kiln_min_L(kiln_splat_L(88.0f), -x));
	return kiln_splat_L(1.0f) / (kiln_splat_L(1.0f) + kiln_expWithin_L(bounded));
}`;

const tanh = `/* m / (m + 2), m = e^2x - 1 = 2^n (e^r - 1) + (2^n - 1): no cancellation near 0, where n is 0 */
static inline F kiln_tanh_L(F x) {
	const F magic = kiln_splat_L(12583039.0f);
	F y = kiln_max_L(kiln_splat_L(-40.0f), kiln_min_L(kiln_splat_L(40.0f), x + x));
	F rounded = y * kiln_splat_L(1.44269504f) + magic;
${remainder("y")}
	F scale = (F)((I)rounded << 23);
	F m = (p * (r * r) + r) * scale + (scale - kiln_splat_L(1.0f));
	return m / (m + kiln_splat_L(2.0f));
}`;

const erf = `/* x P(x^2) / Q(x^2), |x| held where that is 1 */
static inline F kiln_erf_L(F x) {
	F c = kiln_max_L(kiln_splat_L(-3.8365f), kiln_min_L(kiln_splat_L(3.8365f), x));
	F t = c * c;
	F p = kiln_splat_L(2.05007448e-06f);
	p = p * t + kiln_splat_L(0.000284879428f);
	p = p * t + kiln_splat_L(0.00376554961f);
	p = p * t + kiln_splat_L(0.0527485098f);
	p = p * t + kiln_splat_L(0.190405158f);
	p = p * t + kiln_splat_L(1.12837915f);
	F q = kiln_splat_L(3.80914086e-05f);
	q = q * t + kiln_splat_L(0.00116251583f);
	q = q * t + kiln_splat_L(0.0149690832f);
	q = q * t + kiln_splat_L(0.114108535f);
	q = q * t + kiln_splat_L(0.502074919f);
	q = q * t + kiln_splat_L(1.0f);
	return c * p / q;
}`;

/** Cody and Waite's reduction in float64: exact enough for |x| up to 2^28. */
const trigonometry = `typedef double kiln_wide_L __attribute__((vector_size(8 * L)));
static inline F kiln_circle_L(F x, int quarter) {
	kiln_wide_L wide = __builtin_convertvector(x, kiln_wide_L);
	kiln_wide_L q = (wide * 0.63661977236758134308 + 6755399441055744.0) - 6755399441055744.0;
	kiln_wide_L reduced = (wide - q * 1.57079632673412561417) - q * 6.07710050650619224932e-11;
	F r = __builtin_convertvector(reduced, F);
	I n = __builtin_convertvector(q, I) + quarter;
	F t = r * r;
	F s = kiln_splat_L(2.75573192e-6f);
	s = s * t + kiln_splat_L(-1.98412698e-4f);
	s = s * t + kiln_splat_L(8.33333333e-3f);
	s = s * t + kiln_splat_L(-0.166666667f);
	s = r + r * (t * s);
	F c = kiln_splat_L(-2.75573192e-7f);
	c = c * t + kiln_splat_L(2.48015873e-5f);
	c = c * t + kiln_splat_L(-1.38888889e-3f);
	c = c * t + kiln_splat_L(4.16666667e-2f);
	c = kiln_splat_L(1.0f) - t * (kiln_splat_L(0.5f) - t * c);
	F y = kiln_blend_L((n & 1) != 0, c, s);
	return kiln_blend_L((n & 2) != 0, -y, y);
}`;

const power = `static inline F kiln_power_L(F x, F y) {
	F z;
	for (int lane = 0; lane < L; lane++) z[lane] = __builtin_powf(x[lane], y[lane]);
	return z;
}`;

export const mathFunctions: Readonly<Record<string, PreludeFunction>> = {
	exp: { needs: ["splat", "max", "min"], text: exp },
	log: { needs: ["splat", "blend"], text: log },
	expWithin: { needs: ["splat"], text: expWithin },
	expNonPositive: { needs: ["splat", "max"], text: expNonPositive },
	sigmoid: { needs: ["splat", "min", "max", "expWithin"], text: sigmoid },
	tanh: { needs: ["splat", "min", "max"], text: tanh },
	erf: { needs: ["splat", "min", "max"], text: erf },
	circle: { needs: ["splat", "blend"], text: trigonometry },
	sin: { needs: ["circle"], text: "static inline F kiln_sin_L(F x) { return kiln_circle_L(x, 0); }" },
	cos: { needs: ["circle"], text: "static inline F kiln_cos_L(F x) { return kiln_circle_L(x, 1); }" },
	power: { needs: [], text: power },
};
