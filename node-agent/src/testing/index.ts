/**
 * What tests of other packages need of this one.
 * @module
 */

export { type DriverUnderTest, driverContract, orderOf } from '../driver/driver.contract.ts';
export { cgroupPath, freezer } from '../guard/freezer.ts';
