/** Returns an object with replaced fields. Private members still work on the original. */
export function withFields<Whole extends object>(whole: Whole, fields: Partial<Whole>): Whole {
  return new Proxy(whole, {
    get: (target, key) => {
      if (key in fields) return Reflect.get(fields, key);
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
