namespace NativeBuffers.Tests.CodeGen;

/// <inheritdoc cref="LoopContract"/>
public sealed class ProfiledLoopTests() : LoopContract(JitMode.Profiled);
