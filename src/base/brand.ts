/** Branded types. Only a validator (codec, command line, log reader) may create their values. */

declare const brand: unique symbol;

export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };
