namespace NativeBuffers.Instrumented.PlugIns;

/// <summary>A type that the plug-in brings along.</summary>
/// <param name="First">A part of it.</param>
/// <param name="Second">Another one.</param>
public record struct PlugIn(long First, long Second);
