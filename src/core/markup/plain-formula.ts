/** Formulas as one readable line: `\frac{a}{b} \le x^2` becomes `a/b ≤ x²`. */

/** Names of signs, each followed by its sign. */
const SIGN_LIST = `
cdot · times × div ÷ pm ± mp ∓ circ ∘ ast ∗ degree ° le ≤ leq ≤ ge ≥ geq ≥ ne ≠ neq ≠ lt < gt >
approx ≈ equiv ≡ sim ∼ propto ∝ to → rightarrow → leftarrow ← Rightarrow ⇒ Leftrightarrow ⇔
implies ⇒ iff ⇔ mapsto ↦ sum ∑ prod ∏ int ∫ infty ∞ partial ∂ nabla ∇ angle ∠ in ∈ notin ∉
subset ⊂ subseteq ⊆ cup ∪ cap ∩ emptyset ∅ forall ∀ exists ∃ neg ¬ land ∧ lor ∨ perp ⊥ parallel ∥
ldots … dots … cdots … prime ′ ell ℓ alpha α beta β gamma γ delta δ epsilon ε varepsilon ε zeta ζ
eta η theta θ iota ι kappa κ lambda λ mu μ nu ν xi ξ pi π rho ρ sigma σ tau τ phi φ varphi φ chi χ
psi ψ omega ω Gamma Γ Delta Δ Theta Θ Lambda Λ Pi Π Sigma Σ Phi Φ Psi Ψ Omega Ω`;
const SIGNS = new Map(
  [...SIGN_LIST.matchAll(/(?<!\w)(\w+) (\S+)/g)].map(([, name = "", sign = ""]) => [name, sign]),
);

/** Commands that only change how their argument or the next sign looks. */
const STYLES = new Set(
  (
    "text textbf textit mathrm mathbf mathit mathbb mathcal mathsf operatorname boldsymbol boxed " +
    "overline underline hat bar vec left right big Big bigl bigr displaystyle limits"
  ).split(" "),
);

const RAISED = ["0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ"] as const;
const LOWERED = ["0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎"] as const;

/** Deeper formulas stay as typed. */
const DEPTH_MAX = 20;

export function plainFormula(tex: string): string {
  const reader = new FormulaReader(tex);
  const plain = reader.all().replaceAll(/ {2,}/g, " ").trim();
  return reader.isTooDeep || plain === "" ? tex : plain;
}

class FormulaReader {
  isTooDeep = false;
  #at = 0;
  #depth = 0;

  constructor(private readonly tex: string) {}

  all(): string {
    let text = "";
    while (this.#at < this.tex.length) text += this.#part();
    return text;
  }

  /** Reads one sign, command or group. */
  #part(): string {
    const sign = this.tex[this.#at++] ?? "";
    switch (sign) {
      case "\\":
        return this.#command();
      case "{":
        return this.#group("}");
      case "^":
        return moved("^", this.#argument(), RAISED);
      case "_":
        return moved("_", this.#argument(), LOWERED);
      case "}":
        return "";
      case "&":
      case "~":
        return " ";
      default:
        return sign;
    }
  }

  #group(end: string): string {
    if (this.#depth === DEPTH_MAX) this.isTooDeep = true;
    if (this.isTooDeep) return "";
    this.#depth++;
    let text = "";
    while (this.#at < this.tex.length && this.tex[this.#at] !== end) text += this.#part();
    this.#at++;
    this.#depth--;
    return text;
  }

  #argument(): string {
    if (this.#depth === DEPTH_MAX) this.isTooDeep = true;
    if (this.isTooDeep) return "";
    while (this.tex[this.#at] === " ") this.#at++;
    this.#depth++;
    const text = this.#part().trim();
    this.#depth--;
    return text;
  }

  #command(): string {
    const [name = ""] = /^(?:[a-z]+|[\s\S])/i.exec(this.tex.slice(this.#at, this.#at + 40)) ?? [];
    this.#at += name.length;
    if (/^[dt]?frac$/.test(name))
      return `${grouped(this.#argument())}/${grouped(this.#argument())}`;
    if (name === "sqrt") {
      const root = this.tex[this.#at] === "[" ? this.#root() : "";
      return `${root}√${grouped(this.#argument())}`;
    }
    if (name === "begin" || name === "end") {
      this.#argument();
      return " ";
    }
    if (STYLES.has(name)) {
      // An absent bracket beside `\left` is a full stop.
      if (/^(?:left|right)$/.test(name) && this.tex[this.#at] === ".") this.#at++;
      return "";
    }
    if (/^q?quad$/.test(name)) return " ";
    if (/^[a-z]/i.test(name)) return SIGNS.get(name) ?? `${name} `;
    if (name === "\\") return "; ";
    return /^[{}%$#&_]$/.test(name) ? name : " ";
  }

  #root(): string {
    this.#at++;
    return moved("", this.#group("]"), RAISED);
  }
}

/** Adds brackets to more than one number or word. */
function grouped(text: string): string {
  return /^(?:[\p{L}\p{N}]*|\(.*\))$/u.test(text) ? text : `(${text})`;
}

function moved(mark: string, text: string, [from, to]: readonly [string, string]): string {
  const signs = [...text].map((sign) => [...to][from.indexOf(sign)]);
  if (!signs.includes(undefined)) return signs.join("");
  return signs.length === 1 ? `${mark}${text}` : `${mark}(${text})`;
}
