namespace NativeBuffers.Tests.CodeGen;

/// <inheritdoc cref="LoopContract"/>
public sealed class UnprofiledLoopTests() : LoopContract(JitMode.Unprofiled);
