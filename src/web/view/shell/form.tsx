import type { ChangeEvent } from "react";

interface FieldProps {
  readonly id: string;
  readonly label: string;
  readonly hint?: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly type?: "text" | "password";
  readonly complete: string;
  readonly isRequired?: boolean;
  readonly isFirst?: boolean;
}

/** Of a field that was opened to type into. Browsers heed `autofocus` once for each document. */
export function focusAtOnce(field: HTMLElement | null): void {
  field?.focus();
}

export function Field(props: FieldProps) {
  const { id, label, hint, value, onChange, type = "text", complete, isRequired, isFirst } = props;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type={type}
        value={value}
        autoComplete={complete}
        autoCapitalize="none"
        spellCheck="false"
        required={isRequired === true}
        ref={isFirst === true ? focusAtOnce : null}
        {...(hint === undefined ? {} : { "aria-describedby": `${id}-hint` })}
        onChange={(event) => onChange(event.target.value)}
      />
      {hint === undefined ? null : (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

interface SelectFieldProps<Value extends string | number> {
  readonly id: string;
  readonly label: string;
  readonly value: Value;
  readonly options: readonly (readonly [value: Value, name: string])[];
  readonly onChange: (value: Value) => void;
  /** The values are languages: each name is written in its own. */
  readonly isLanguage?: boolean;
}

export function SelectField<Value extends string | number>(props: SelectFieldProps<Value>) {
  const { id, label, value, options, onChange, isLanguage } = props;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        value={value}
        onChange={({ target }) => {
          const [chosen] = options[target.selectedIndex] ?? [];
          if (chosen !== undefined) onChange(chosen);
        }}
      >
        {options.map(([option, name]) => (
          <option
            key={option}
            value={option}
            lang={isLanguage === true ? String(option) : undefined}
          >
            {name}
          </option>
        ))}
      </select>
    </div>
  );
}

interface CheckProps {
  readonly label: string;
  readonly isOn: boolean;
  readonly onChange: (isOn: boolean) => void;
}

export function Check({ label, isOn, onChange }: CheckProps) {
  const change = ({ target }: ChangeEvent<HTMLInputElement>) => {
    const { checked } = target;
    // It shows what is, also where what was asked for is refused: nothing is drawn anew then.
    target.checked = isOn;
    onChange(checked);
  };
  return (
    <label className="check">
      <input type="checkbox" checked={isOn} onChange={change} />
      {label}
    </label>
  );
}
