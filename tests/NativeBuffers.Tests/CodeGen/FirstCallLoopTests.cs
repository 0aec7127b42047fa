namespace NativeBuffers.Tests.CodeGen;

/// <inheritdoc cref="LoopContract"/>
public sealed class FirstCallLoopTests() : LoopContract(JitMode.FirstCall);
