/** Branded types: a checked string is a type of its own. */

declare const brand: unique symbol;

/** A primitive that only the place which checked it may mint (codec, command line, log reader). */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };
