using NativeBuffers.Analyzers.CodeFixes;
using NativeBuffers.Analyzers.Tests.TestKit;

namespace NativeBuffers.Analyzers.Tests.CodeFixes;

public sealed class RemoveDisposalTests
{
    public static TheoryData<string, string> Fixes => new()
    {
        {
            """
            var b = NativeBuffer.Create<int>(n);
                    b.Dispose();
                    {|NB0003:b.Dispose()|};
            """,
            """
            var b = NativeBuffer.Create<int>(n);
                    b.Dispose();
            """
        },
        {
            """
            var b = NativeBuffer.Create<int>(n);
                    var o = NativeMemoryOwner<int>.Create(n);
                    b.Dispose();
                    o.Dispose();
                    {|NB0003:b.Dispose()|}; // Twice.
                    {|NB0003:o.Dispose()|};
                    Work();
            """,
            """
            var b = NativeBuffer.Create<int>(n);
                    var o = NativeMemoryOwner<int>.Create(n);
                    b.Dispose();
                    o.Dispose();
                    Work();
            """
        },
        {
            """
            var b = NativeBuffer.Create<int>(n);
                    b.Dispose();

                    // The end of the work.
                    {|NB0003:b.Dispose()|};
                    Work();
            """,
            """
            var b = NativeBuffer.Create<int>(n);
                    b.Dispose();

                    // The end of the work.
                    Work();
            """
        },
        {
            """
            var b = NativeBuffer.Create<int>(n);
                    b.Dispose();
            #if !NEVER
                    {|NB0003:b.Dispose()|};
            #endif
                    Work();
            """,
            """
            var b = NativeBuffer.Create<int>(n);
                    b.Dispose();
            #if !NEVER
            #endif
                    Work();
            """
        },
    };

    [Theory]
    [MemberData(nameof(Fixes))]
    public Task The_second_disposal_goes(string before, string after) =>
        Fixed<OwnershipAnalyzer, RemoveDisposal>.CheckAsync("NB0003", Shape.Program(before), Shape.Program(after));

    /// <summary>After the condition there must be a statement.</summary>
    [Fact]
    public Task A_statement_that_a_condition_needs_stays()
    {
        string program = Shape.Program("var b = NativeBuffer.Create<int>(n); b.Dispose(); if (c) {|NB0003:b.Dispose()|};");
        return Fixed<OwnershipAnalyzer, RemoveDisposal>.CheckAsync("NB0003", program, program);
    }
}
