/** JSON form of objects, with their sets and maps as lists. */

type ListOf<Value> =
  Value extends ReadonlySet<infer Item>
    ? readonly Item[]
    : Value extends ReadonlyMap<infer Key, infer Item>
      ? readonly (readonly [Key, Item])[]
      : Value;

export type WithLists<Fields> = { [Name in keyof Fields]: ListOf<Fields[Name]> };

export function withLists<Fields extends object>(fields: Fields): WithLists<Fields> {
  const entries = Object.entries(fields).map(([name, value]: [string, unknown]) => {
    return [name, value instanceof Set || value instanceof Map ? [...value] : value];
  });
  return Object.fromEntries(entries) as WithLists<Fields>;
}
