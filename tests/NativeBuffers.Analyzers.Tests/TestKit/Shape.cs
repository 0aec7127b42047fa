using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Testing;
using Microsoft.CodeAnalysis.Testing;

namespace NativeBuffers.Analyzers.Tests.TestKit;

/// <summary>Checks the reports of the analyzer in a small program.</summary>
internal static class Shape
{
    private static readonly ReferenceAssemblies s_platform = new("net10.0");

    private static readonly Lazy<ImmutableArray<MetadataReference>> s_references = new(static () =>
    [
        .. Directory.GetFiles(PlatformFolder(), "*.dll").Select(static path => MetadataReference.CreateFromFile(path)),
        MetadataReference.CreateFromFile(typeof(NativeBuffer).Assembly.Location),
    ]);

    /// <summary>The reference assemblies of .NET 10, and the library.</summary>
    public static ImmutableArray<MetadataReference> References => s_references.Value;

    /// <summary>Checks statements of a method <c>int Use(int n, bool c)</c>: the text marks each report, as in <c>{|NB0003:b.Dispose()|}</c>.</summary>
    public static Task CheckAsync(string body) => CheckProgramAsync(Program(body));

    /// <summary>Checks a whole program.</summary>
    public static async Task CheckProgramAsync(string program)
    {
        CSharpAnalyzerTest<OwnershipAnalyzer, DefaultVerifier> test = new()
        {
            TestCode = program,
            ReferenceAssemblies = s_platform,
            TestBehaviors = TestBehaviors.SkipGeneratedCodeCheck | TestBehaviors.SkipSuppressionCheck,
        };
        test.TestState.AdditionalReferences.AddRange(References);
        test.SolutionTransforms.Add(static (solution, project) => solution
            .WithProjectParseOptions(project, new CSharpParseOptions(LanguageVersion.Preview))
            .WithProjectCompilationOptions(
                project,
                new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true, nullableContextOptions: NullableContextOptions.Enable)));
        await test.RunAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>A program whose method <c>Use</c> has these statements.</summary>
    public static string Program(string body) =>
        $$"""
        using System;
        using System.Buffers;
        using System.Collections.Generic;
        using System.Linq;
        using System.Runtime.CompilerServices;
        using System.Threading;
        using System.Threading.Tasks;
        using NativeBuffers;

        public static class Program
        {
            public static int Use(int n, bool c)
            {
                {{body}}
                return 0;
            }

            public static bool Condition() => true;

            public static void Work() { }

            public static void Look(in NativeBuffer<int> b) { }

            public static void Change(ref NativeBuffer<int> b) { }

            public static void Take(NativeBuffer<int> b) => b.Dispose();

            public static void Lend([BorrowsOwnership] NativeBuffer<int> b) { }

            public static void Keep([TakesOwnership] NativeMemoryOwner<int> owner) { }

            public static void See([BorrowsOwnership] NativeMemoryOwner<int> owner) { }

            public static void Anything(object o) { }

            public static void Read(ReadOnlySpan<int> s) { }

            public static Span<int> Part(Span<int> s) => s[..1];

            public static Span<int> Other(scoped Span<int> s) => default;

            public static NativeBuffer<int> Make(int n) => NativeBuffer.Create<int>(n);

            [return: GivesOwnership]
            public static NativeMemoryOwner<int> MakeOwner(int n) => NativeMemoryOwner<int>.Create(n);

            public static NativeMemoryOwner<int> Cached { get; } = NativeMemoryOwner<int>.Create(1);

            private static void Grow(ref NativeBuffer<int> b) => b.Resize(100);

            private static void End(ref NativeBuffer<int> b) => b.Dispose();

            private static int Sum(in NativeBuffer<int> b) => b[0];

            private static void EndOwner(NativeMemoryOwner<int> owner) => owner.Dispose();

            private static int SumOwner(NativeMemoryOwner<int> owner) => owner.GetSpan()[0];

            private static int GrowAnd(ref NativeBuffer<int> b)
            {
                b.Resize(100);
                return 1;
            }

            private static int AddTo(ref ScratchList<int> l)
            {
                l.Add(1);
                return 1;
            }

            public static void Read(ReadOnlySpan<int> s, int n) { }

            public static void Refused<T>(Action act) where T : Exception { }

            private static Span<int> First(in NativeBuffer<int> b) => b.AsSpan(0, 1);
        }
        """;

    private static string PlatformFolder()
    {
        string packs = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "packs", "Microsoft.NETCore.App.Ref"));
        string newest = Directory.GetDirectories(packs, "10.*").Max(StringComparer.Ordinal)!;
        return Path.Combine(newest, "ref", "net10.0");
    }
}
