/** Branded types: a validated string has a type of its own. */

declare const brand: unique symbol;

/** A primitive that only its validator (codec, command line, log reader) may create. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };
