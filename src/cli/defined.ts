/** Omits absent fields. */

type Defined<T> = { readonly [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  readonly [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** The fields that are not `undefined`, for types whose optional fields must be absent instead. */
export function defined<T extends object>(fields: T): Defined<T> {
  const set: Record<string, unknown> = {};
  for (const key in fields) if (fields[key] !== undefined) set[key] = fields[key];
  return set as Defined<T>;
}
