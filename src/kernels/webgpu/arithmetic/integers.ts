/**
 * 64-bit unsigned integers in WGSL, as vec2u(low, high). Additions, products and shifts of u32 wrap and are exact by WGSL's definition, on every driver: what is built of them says of a device's f32 what is true
 * and rests on none of it, neither on how it rounds nor on what it flushes.
 */
export const integers = /* wgsl */ `
fn add64(a: vec2u, b: vec2u) -> vec2u {
  let low = a.x + b.x;
  return vec2u(low, a.y + b.y + select(0u, 1u, low < a.x));
}
fn sub64(a: vec2u, b: vec2u) -> vec2u { return vec2u(a.x - b.x, a.y - b.y - select(0u, 1u, a.x < b.x)); }
fn less64(a: vec2u, b: vec2u) -> bool { return a.y < b.y || (a.y == b.y && a.x < b.x); }
// counts of 0 … 63; more are all bits gone
fn shl64(a: vec2u, count: u32) -> vec2u {
  if (count >= 64u) { return vec2u(0u); }
  if (count >= 32u) { return vec2u(0u, a.x << (count - 32u)); }
  if (count == 0u) { return a; }
  return vec2u(a.x << count, (a.y << count) | (a.x >> (32u - count)));
}
fn shr64(a: vec2u, count: u32) -> vec2u {
  if (count >= 64u) { return vec2u(0u); }
  if (count >= 32u) { return vec2u(a.y >> (count - 32u), 0u); }
  if (count == 0u) { return a; }
  return vec2u((a.x >> count) | (a.y << (32u - count)), a.y >> count);
}
// a·b, by halves of 16 bits: no sum here exceeds 32
fn mul32(a: u32, b: u32) -> vec2u {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let first = (a & 0xffffu) * (b >> 16u) + (low >> 16u);
  let second = (a >> 16u) * (b & 0xffffu) + (first & 0xffffu);
  return vec2u((second << 16u) | (low & 0xffffu), (a >> 16u) * (b >> 16u) + (first >> 16u) + (second >> 16u));
}
// ⌊a·b / 2⁶⁴⌋
fn mulhi64(a: vec2u, b: vec2u) -> vec2u {
  let crossed = mul32(a.x, b.y);
  let other = mul32(a.y, b.x);
  var middle = add64(vec2u(mul32(a.x, b.x).y, 0u), vec2u(crossed.x, 0u));
  middle = add64(middle, vec2u(other.x, 0u));
  let high = add64(mul32(a.y, b.y), vec2u(crossed.y, 0u));
  return add64(add64(high, vec2u(other.y, 0u)), vec2u(middle.y, 0u));
}
fn leading64(a: vec2u) -> u32 { return select(countLeadingZeros(a.y), 32u + countLeadingZeros(a.x), a.y == 0u); }
`;
