/** Branded types, which distinguish validated strings from other strings. */

declare const brand: unique symbol;

/** Primitive type whose values only a validator (codec, command line, log reader) may create. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };
