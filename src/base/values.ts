/** Reports whether both objects have the same fields with identical values. */
export function hasSameFields(first: object, second: object): boolean {
  const [own, others] = [Object.entries(first), new Map(Object.entries(second))];
  return own.length === others.size && own.every(([key, value]) => others.get(key) === value);
}

/** Checks for plain values, and removal of `undefined` fields. */

/** Reports whether the value is a non-negative integer that a double stores exactly. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

type Defined<Fields> = {
  [Key in keyof Fields as undefined extends Fields[Key] ? never : Key]: Fields[Key];
} & {
  [Key in keyof Fields as undefined extends Fields[Key] ? Key : never]?: Exclude<
    Fields[Key],
    undefined
  >;
};

/** Removes `undefined` fields, for types with optional fields. */
export function defined<const Fields extends object>(fields: Fields): Defined<Fields> {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Defined<Fields>;
}
