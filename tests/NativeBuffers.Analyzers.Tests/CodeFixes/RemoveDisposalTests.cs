using NativeBuffers.Analyzers.CodeFixes;
using NativeBuffers.Analyzers.Tests.TestKit;

namespace NativeBuffers.Analyzers.Tests.CodeFixes;

public sealed class RemoveDisposalTests
{
    [Fact]
    public Task The_second_disposal_goes() => Fixed<OwnershipAnalyzer, RemoveDisposal>.CheckAsync(
        "NB0003",
        Shape.Program(
            """
            var b = NativeBuffer.Create<int>(n);
                    b.Dispose();
                    {|NB0003:b.Dispose()|};
            """),
        Shape.Program(
            """
            var b = NativeBuffer.Create<int>(n);
                    b.Dispose();
            """));
}
