/** Read once, while this file is loaded. */
const prices = [200, 900];

let light = 'red';

/** The light that whoever paid sees; it is red again afterwards. A fault that leaves it green outlives its run. */
export function lightFor(isPaid) {
  if (!isPaid) return light;
  light = 'green';
  const seen = light;
  turnRed();
  return seen;
}

function turnRed() {
  light = 'red';
}

/** Cents for a vehicle. No test knows one of two axles. */
export function toll(axles) {
  return axles > 2 ? prices[1] : prices[0];
}

/** No test calls it. */
export function isFree(axles) {
  return axles === 0;
}
