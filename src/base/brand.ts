/** Branded types, which only a validator (codec, command line, log reader) may create. */

declare const brand: unique symbol;

export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };
