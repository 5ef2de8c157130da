/**
 * The closed list of methods that a claim may rest on, each with the strength that it gives. Formulas and proofs: docs/certificates.md, where a
 * test finds every one of them. A method that is added here is added there, and to the checker.
 */
export const strengths = ['all-inputs', 'checkpoint', 'these-outputs', 'statistical'] as const;

/** Strongest first. all-inputs: every input of a stated domain. checkpoint: every input of one network. these-outputs: the given tensors. statistical: a confidence. */
export type Strength = (typeof strengths)[number];

interface Method {
  readonly strength: Strength;
  /** What is computed, in a few words. */
  readonly summary: string;
}

export const methods = {
  'entry-range': { strength: 'these-outputs', summary: 'the smallest entry' },
  'row-sum-deviation': { strength: 'these-outputs', summary: 'row sums with directed rounding' },
  'column-sum-deviation': { strength: 'these-outputs', summary: 'column sums with directed rounding' },
  'one-norm': { strength: 'these-outputs', summary: 'largest column sum of magnitudes' },
  'infinity-norm': { strength: 'these-outputs', summary: 'largest row sum of magnitudes' },
  'two-norm': { strength: 'these-outputs', summary: 'b²I − HᵀH is positive definite' },
  'two-norm-witness': { strength: 'these-outputs', summary: '‖Hv‖/‖v‖ for a vector that is given' },
  'mean-free-norm': { strength: 'these-outputs', summary: 'b²I − (H − J/n)ᵀ(H − J/n) is positive definite' },
  'projection-distance': { strength: 'these-outputs', summary: 'contraction in the Hilbert metric, a posteriori' },
  'composite-one-norm': { strength: 'these-outputs', summary: 'the product over depth, enclosed, then its norm' },
  'composite-infinity-norm': { strength: 'these-outputs', summary: 'the product over depth, enclosed, then its norm' },
  'composite-two-norm': { strength: 'these-outputs', summary: 'the product over depth, enclosed, then its norm' },
  'composite-mean-free-norm': { strength: 'these-outputs', summary: 'the product over depth, enclosed, then its norm' },
  'depth-forward-gain': { strength: 'these-outputs', summary: 'the product at each depth, in integers, then its row sums' },
  'depth-backward-gain': { strength: 'these-outputs', summary: 'the product at each depth, in integers, then its column sums' },
  'depth-forward-amax': { strength: 'these-outputs', summary: 'the same, averaged over the tokens' },
  'depth-backward-amax': { strength: 'these-outputs', summary: 'the same, averaged over the tokens' },
  'depth-two-norm': { strength: 'these-outputs', summary: 'the product at each depth, in integers; b²I − PᵀP is positive definite' },
  'depth-stream-sum': { strength: 'these-outputs', summary: 'the product at each depth, in integers, then its column sums' },
  'depth-equal-streams': { strength: 'these-outputs', summary: 'the product at each depth, in integers, then its row sums' },
  'depth-mean-free-norm': { strength: 'these-outputs', summary: 'the deepest product without the mean, in integers, then its norm' },
  'depth-second-singular-value': { strength: 'these-outputs', summary: 'the deepest product without the mean on one side, in integers, then its norm' },
  'depth-gain-reached': { strength: 'these-outputs', summary: 'a line sum of one product, from below' },
  'stochastic-depth': { strength: 'all-inputs', summary: 'line sums that no input changes, to the power of the depth' },
  'orthogonal-depth': { strength: 'all-inputs', summary: 'a norm that no input changes, and √n for the gain' },
  'exact-side': { strength: 'all-inputs', summary: 'the last half-step, whatever came before' },
  'exact-side-depth': { strength: 'all-inputs', summary: 'the last half-step, to the power of the depth' },
  'free-side-depth': { strength: 'all-inputs', summary: 'entries of a product are at most its exact sums' },
  'free-side': { strength: 'all-inputs', summary: 'the potential of the iterations, which never becomes negative, for all logits' },
  'box-exact-sums': { strength: 'all-inputs', summary: 'Birkhoff and Hopf over a box of logits' },
  'box-free-sums': { strength: 'all-inputs', summary: 'Birkhoff and Hopf over a box of logits, or over the parts of one' },
  'box-two-norm': { strength: 'all-inputs', summary: 'the root of the two sums' },
  'box-second-singular-value': { strength: 'all-inputs', summary: 'κ times the root of the two sums' },
  'network-exact-sums': { strength: 'checkpoint', summary: 'the box of each sublayer, from its parameters' },
  'network-free-sums': { strength: 'checkpoint', summary: 'the box of each sublayer, from its parameters' },
  'network-two-norm': { strength: 'checkpoint', summary: 'the box of each sublayer, from its parameters' },
  'network-second-singular-value': { strength: 'checkpoint', summary: 'the box of each sublayer, from its parameters' },
  'network-forward-gain': { strength: 'checkpoint', summary: 'the product over all sublayers' },
  'network-backward-gain': { strength: 'checkpoint', summary: 'the product over all sublayers' },
  'clopper-pearson': { strength: 'statistical', summary: 'the exact binomial tail at the stated probability' },
} as const satisfies Readonly<Record<string, Method>>;

export type MethodId = keyof typeof methods;
export const methodIds = Object.keys(methods) as [MethodId, ...MethodId[]];
