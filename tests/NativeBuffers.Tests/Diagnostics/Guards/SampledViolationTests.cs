namespace NativeBuffers.Tests.Diagnostics.Guards;

/// <summary>With each block a sample.</summary>
public class SampledViolationTests() : PageViolationContract("sampled:1");
