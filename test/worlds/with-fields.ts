/** Returns an object with replaced fields. Private members still work on the original. */
export function withFields<Value extends object>(original: Value, fields: Partial<Value>): Value {
  return new Proxy(original, {
    get: (target, key) => {
      if (key in fields) return Reflect.get(fields, key);
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
