using System.Reflection;
using System.Runtime.CompilerServices;
using NativeBuffers.CodeGen.Loops;

namespace NativeBuffers.Tests.CodeGen;

/// <summary>Guards and tracking that are off cost nothing: each method has the same instructions as with a library without diagnostics.</summary>
[Slow]
public sealed class CodeWithoutDiagnosticsTests
{
    public static TheoryData<Type, string> Methods
    {
        get
        {
            var methods = new TheoryData<Type, string>();
            foreach (MethodInfo method in typeof(Sum).Assembly.GetTypes()
                .Where(static type => type.Namespace == typeof(Sum).Namespace)
                .SelectMany(static type => type.GetMethods(BindingFlags.Public | BindingFlags.Static))
                .Where(static method => method.MethodImplementationFlags.HasFlag(MethodImplAttributes.NoInlining)))
            {
                methods.Add(method.DeclaringType!, method.Name);
            }

            return methods;
        }
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Each_method_is_the_same_machine_code_while_diagnostics_are_off(Type loop, string method)
    {
        MethodCode ours = LoopProgram.CodeOf(loop, method, JitMode.Unprofiled);
        MethodCode without = LoopProgram.CodeWithoutDiagnosticsOf(loop, method, JitMode.Unprofiled);
        Assert.NotEmpty(ours.Everything);
        Assert.Equal(without.Everything, ours.Everything);
    }
}
