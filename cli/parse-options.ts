// Option values, checked where they are read: a wrong one is a wrong use.

import { InvalidArgumentError } from "commander";
import type { TrustedKeys } from "./check-manifest.ts";

export function parsePort(text: string): number {
	return parseWhole(text, 0, 65_535);
}

export function parseThreads(text: string): number {
	return parseWhole(text, 1, 256);
}

export function parseSeconds(text: string): number {
	return parseWhole(text, 1, 86_400);
}

export function parseSeed(text: string): number {
	return parseWhole(text, 0, 2 ** 32 - 1);
}

/** Counted from 1. */
export function parseRank(text: string): number {
	return parseWhole(text, 1, 2 ** 31 - 1);
}

export function parseTolerance(text: string): number {
	const value = Number(text);
	if (text.trim() === "" || !Number.isFinite(value) || value < 0) {
		throw new InvalidArgumentError(`'${text}': a number of 0 or more is expected`);
	}
	return value;
}

/** `name=dim`, given once for each named dimension. */
export function parseShape(text: string, earlier: Readonly<Record<string, number>>): Record<string, number> {
	const equals = text.lastIndexOf("=");
	if (equals < 1) throw new InvalidArgumentError(`'${text}': name=extent is expected, such as batch=8`);
	return { ...earlier, [text.slice(0, equals)]: parseWhole(text.slice(equals + 1), 1, 2 ** 31 - 1) };
}

/** `id=base64`, given once for each key. */
export function parseTrustedKey(text: string, earlier: TrustedKeys): TrustedKeys {
	const equals = text.indexOf("=");
	const key = text.slice(equals + 1);
	if (equals < 1 || Buffer.from(key, "base64").length !== 32) {
		throw new InvalidArgumentError("id=base64 of a raw Ed25519 public key (32 bytes) is expected");
	}
	return { ...earlier, [text.slice(0, equals)]: key };
}

export type Weights = "auto" | "none" | readonly string[];

/** `auto`, `none`, or names separated by commas. */
export function parseWeights(text: string): Weights {
	if (text === "auto" || text === "none") return text;
	const names = text.split(",").filter((name) => name !== "");
	if (names.length === 0)
		throw new InvalidArgumentError("auto, none or names separated by commas are expected");
	return names;
}

function parseWhole(text: string, min: number, max: number): number {
	const value = Number(text);
	if (!/^\d+$/.test(text) || value < min || value > max) {
		throw new InvalidArgumentError(`'${text}': a whole number from ${min} to ${max} is expected`);
	}
	return value;
}
